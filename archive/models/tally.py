"""Tallies: how many listed frames there are of each kind, kept by the database as frames come, change and go.

These models read views: what has been folded into the tables, and the changes since. A sum over a view is exact at
any moment. The tables, their triggers and the fold stand in migrations/0002_tallies.sql.
"""

from datetime import date
from enum import IntEnum

from django.db import models


class Span(IntEnum):
    """How much time one row of a tally stands for."""

    ALL = 0
    YEAR = 1
    MONTH = 2
    DAY = 3


# First day of the one span that holds everything.
BEGINNING = date(1, 1, 1)

# What tells the set-up of an exposure; in the order of the columns of the tables.
SETUP = (
    "site_id",
    "telescope_id",
    "instrument_id",
    "configuration_type",
    "reduction_level",
    "primary_optical_element",
)


class Tally(models.Model):
    """Base of the four. Rows of one key may be several, and may cancel each other: always sum."""

    is_public = models.BooleanField()
    n_frames = models.BigIntegerField()

    class Meta:
        abstract = True


class SetupColumns(models.Model):
    """Columns of SETUP."""

    site_id = models.CharField(max_length=64)
    telescope_id = models.CharField(max_length=64)
    instrument_id = models.CharField(max_length=64)
    configuration_type = models.CharField(max_length=64)
    reduction_level = models.SmallIntegerField()
    primary_optical_element = models.CharField(max_length=100)

    class Meta:
        abstract = True


class SpanColumns(models.Model):
    """A span of time; by the start of the observation, in days of UTC."""

    span = models.SmallIntegerField(choices=[(span.value, span.name.lower()) for span in Span])
    starts_on = models.DateField(help_text="First day of the span, UTC")

    class Meta:
        abstract = True


class SetupTally(SpanColumns, SetupColumns, Tally):  # noqa: DJ008 - a part of a sum has no name
    """Frames by set-up and span."""

    pk = models.CompositePrimaryKey("span", "starts_on", *SETUP, "is_public")

    class Meta:
        managed = False
        db_table = "archive_setuptally_now"


class ProposalTally(SetupColumns, Tally):  # noqa: DJ008
    """Frames by proposal and set-up."""

    pk = models.CompositePrimaryKey("proposal_id", *SETUP, "is_public")
    proposal_id = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "archive_proposaltally_now"


class ProposalTimeTally(SpanColumns, Tally):  # noqa: DJ008
    """Frames by proposal and span."""

    pk = models.CompositePrimaryKey("span", "starts_on", "proposal_id", "is_public")
    proposal_id = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "archive_proposaltimetally_now"


class TargetTally(Tally):  # noqa: DJ008
    """Frames by name of the target."""

    pk = models.CompositePrimaryKey("target_name", "is_public")
    target_name = models.CharField(max_length=1000)

    class Meta:
        managed = False
        db_table = "archive_targettally_now"
