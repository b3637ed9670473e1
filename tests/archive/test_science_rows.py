"""Each table of the archive is either told as science, or is known not to be."""

import pytest
from django.apps import apps

from archive.domain.science import writing
from archive.domain.science.tables import BY_MODEL, BY_NAME
from archive.domain.science.told import row_of
from archive.models import Observation

# decisions/0028 says of each why it is not restored.
NOT_SCIENCE = {
    "AoFile",
    "CachedImage",
    "ColourPicture",
    "Cart",
    "DoomedBytes",
    "Event",
    "ExpiryRule",
    "ExposureFile",
    "FrozenSelection",
    "InfoImage",
    "MuseFit",
    "MuseRaw",
    "NightNote",
    "OwnExpiry",
    "PeopleChange",
    "PipelineSwitch",
    "PortalMembership",
    "ProductAttempt",
    "ProductCancellation",
    "Profile",
    "QuarantinedFile",
    "ReceivedObject",
    "ReleaseChange",
    "SavedSearch",
    "SearchNotice",
    "Site",
    "SiteConfiguration",
    "UploadEntry",
    "UploadTicket",
}


def test_every_table_is_told_or_known_not_to_be_science():
    models = {model.__name__ for model in apps.get_app_config("archive").get_models()}
    told = {model.__name__ for model in BY_MODEL}
    tallies = {name for name in models if "Tally" in name}
    assert models - told - tallies == NOT_SCIENCE


@pytest.mark.django_db
def test_a_row_older_than_a_column_comes_back_with_its_default(ao):
    table = BY_NAME["observation"]
    row = row_of(table, ao.observation(seeing_mean_arcsec=1.2, comment="cloudy"))
    Observation.objects.all().delete()
    del row["seeing_mean_arcsec"]
    assert writing.write(table, [row]).n_rows == 1
    assert Observation.objects.values_list("seeing_mean_arcsec", "comment").get() == (None, "cloudy")
