"""Exact counts: a flag for what is public, tallies that the database keeps, and an index for each common list."""

from pathlib import Path

import django.contrib.gis.db.models.fields
import django.contrib.postgres.indexes
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

TALLIES = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
DROP_TALLIES = """
    DROP TRIGGER frame_is_public ON archive_frame;
    DROP TRIGGER frame_tally_inserted ON archive_frame;
    DROP TRIGGER frame_tally_updated ON archive_frame;
    DROP TRIGGER frame_tally_deleted ON archive_frame;
    DROP TRIGGER frame_tally_truncated ON archive_frame;
    DROP FUNCTION archive_set_is_public, archive_recount_tallies, archive_fold_tallies, archive_tally_inserted,
        archive_tally_updated, archive_tally_deleted, archive_tally_truncated;
    DROP VIEW archive_tallied, archive_setuptally_now, archive_proposaltally_now, archive_proposaltimetally_now,
        archive_targettally_now;
    DROP FUNCTION archive_spans_of;
    DROP TABLE archive_tallydelta, archive_setuptally, archive_proposaltally, archive_proposaltimetally,
        archive_targettally;
"""
# What frames of before have in the new columns: before the indexes, which each change would write to.
FILL = """
    UPDATE archive_frame SET is_public = true WHERE public_date <= now();
    UPDATE archive_frame SET submitter = left(headers.data ->> 'USERID', 200)
        FROM archive_headers AS headers
        WHERE headers.frame_id = archive_frame.id AND headers.data ->> 'USERID' <> '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0001_initial"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="ProposalTally",
            fields=[
                ("is_public", models.BooleanField()),
                ("n_frames", models.BigIntegerField()),
                ("site_id", models.CharField(max_length=64)),
                ("telescope_id", models.CharField(max_length=64)),
                ("instrument_id", models.CharField(max_length=64)),
                ("configuration_type", models.CharField(max_length=64)),
                ("reduction_level", models.SmallIntegerField()),
                ("primary_optical_element", models.CharField(max_length=100)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "proposal_id",
                        "site_id",
                        "telescope_id",
                        "instrument_id",
                        "configuration_type",
                        "reduction_level",
                        "primary_optical_element",
                        "is_public",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("proposal_id", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "archive_proposaltally_now",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ProposalTimeTally",
            fields=[
                ("is_public", models.BooleanField()),
                ("n_frames", models.BigIntegerField()),
                ("span", models.SmallIntegerField(choices=[(0, "all"), (1, "year"), (2, "month"), (3, "day")])),
                ("starts_on", models.DateField(help_text="First day of the span, UTC")),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "span",
                        "starts_on",
                        "proposal_id",
                        "is_public",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("proposal_id", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "archive_proposaltimetally_now",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="SetupTally",
            fields=[
                ("is_public", models.BooleanField()),
                ("n_frames", models.BigIntegerField()),
                ("site_id", models.CharField(max_length=64)),
                ("telescope_id", models.CharField(max_length=64)),
                ("instrument_id", models.CharField(max_length=64)),
                ("configuration_type", models.CharField(max_length=64)),
                ("reduction_level", models.SmallIntegerField()),
                ("primary_optical_element", models.CharField(max_length=100)),
                ("span", models.SmallIntegerField(choices=[(0, "all"), (1, "year"), (2, "month"), (3, "day")])),
                ("starts_on", models.DateField(help_text="First day of the span, UTC")),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "span",
                        "starts_on",
                        "site_id",
                        "telescope_id",
                        "instrument_id",
                        "configuration_type",
                        "reduction_level",
                        "primary_optical_element",
                        "is_public",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "db_table": "archive_setuptally_now",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="TargetTally",
            fields=[
                ("is_public", models.BooleanField()),
                ("n_frames", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "target_name", "is_public", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("target_name", models.CharField(max_length=1000)),
            ],
            options={
                "db_table": "archive_targettally_now",
                "managed": False,
            },
        ),
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_newest",
        ),
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_by_proposal",
        ),
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_by_site",
        ),
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_by_instrument",
        ),
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_by_target",
        ),
        migrations.AddField(
            model_name="frame",
            name="is_public",
            field=models.BooleanField(
                default=False, editable=False, help_text="The public date has come, or soon after"
            ),
        ),
        migrations.AddField(
            model_name="frame",
            name="submitter",
            field=models.CharField(
                blank=True, default="", help_text="Who asked for it: header key USERID", max_length=200
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                models.F("is_public"),
                models.OrderBy(models.F("observation_date"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("is_listed", True)),
                name="frame_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "proposal_id", "-observation_date", "-id"],
                name="frame_by_proposal",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "site_id", "-observation_date", "-id"],
                name="frame_by_site",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "telescope_id", "-observation_date", "-id"],
                name="frame_by_telescope",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "instrument_id", "-observation_date", "-id"],
                name="frame_by_instrument",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "primary_optical_element", "-observation_date", "-id"],
                name="frame_by_filter",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "configuration_type", "-observation_date", "-id"],
                name="frame_by_type",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "target_name", "-observation_date", "-id"],
                name="frame_by_target",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["is_public", "observation_day", "-observation_date", "-id"],
                name="frame_by_day",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True)), fields=["is_public", "exposure_time"], name="frame_by_exposure"
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True), models.Q(("submitter", ""), _negated=True)),
                fields=["submitter", "-observation_date", "-id"],
                name="frame_by_submitter",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(fields=["public_date"], name="frame_by_public_date"),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_public", False)), fields=["public_date"], name="frame_embargoed"
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=django.contrib.postgres.indexes.GistIndex(
                django.db.models.functions.comparison.Cast(
                    "centre", django.contrib.gis.db.models.fields.GeometryField(srid=4326)
                ),
                name="frame_by_centre",
            ),
        ),
        migrations.AddIndex(
            model_name="frame",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("basename"), name="gin_trgm_ops"
                ),
                fastupdate=False,
                condition=models.Q(("is_listed", True)),
                name="frame_by_name_part",
            ),
        ),
        migrations.RunSQL(TALLIES, DROP_TALLIES),
        migrations.RunSQL("SELECT archive_recount_tallies()", migrations.RunSQL.noop),
    ]
