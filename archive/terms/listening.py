"""What a listener asks for: the terms of lists narrow which frames' events are told."""

from django.http import QueryDict

from archive.domain.sight import Ear, ear_of
from archive.models import Frame, Reader
from archive.terms.asked import asked_terms
from archive.terms.frames import FrameFilter


def ear_for(reader: Reader, parameters: QueryDict) -> Ear:
    """How `reader` listens who sent these parameters; those that are no terms of lists say nothing.

    Raises DRF's ValidationError, which names each parameter that can not be read.
    """
    terms = asked_terms(parameters)
    terms.narrow(Frame.objects.few())  # some are read only where they are used
    given = QueryDict(mutable=True)
    for name in sorted(FrameFilter.base_filters.keys() & parameters.keys()):
        given.setlist(name, parameters.getlist(name))
    return ear_of(reader, asked=given.urlencode(), terms=terms)
