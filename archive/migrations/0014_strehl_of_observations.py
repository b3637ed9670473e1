"""Observations know their Strehl ratios and where they point in columns, so that searches and orders by them are quick."""

from pathlib import Path

from django.db import migrations, models

from archive.models import sky

KEEP = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
FORGET = """
    DROP TRIGGER strehl_inserted ON archive_strehlmeasurement;
    DROP TRIGGER strehl_updated ON archive_strehlmeasurement;
    DROP TRIGGER strehl_deleted ON archive_strehlmeasurement;
    DROP TRIGGER strehl_replaced ON archive_product;
    DROP FUNCTION archive_strehl_inserted, archive_strehl_updated, archive_strehl_deleted, archive_strehl_replaced,
        archive_keep_strehl;
"""


def flag():
    return models.CharField(
        db_default="",
        default="",
        editable=False,
        help_text="OK or BAD?; empty: nothing was measured",
        max_length=8,
    )


def degrees(expression):
    return models.GeneratedField(db_persist=True, expression=expression, output_field=models.FloatField(null=True))


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0013_high_contrast"),
    ]

    operations = [
        migrations.AddField("observation", "ra_deg", degrees(sky.PointRA("position"))),
        migrations.AddField("observation", "dec_deg", degrees(sky.PointDec("position"))),
        migrations.AddField(
            "observation",
            "bright_strehl_ratio",
            models.FloatField(editable=False, help_text="Of the stack of a bright star, 0 to 1", null=True),
        ),
        migrations.AddField("observation", "bright_strehl_flag", flag()),
        migrations.AddField(
            "observation",
            "faint_strehl_ratio",
            models.FloatField(editable=False, help_text="Of the stack of a faint star, 0 to 1", null=True),
        ),
        migrations.AddField("observation", "faint_strehl_flag", flag()),
        migrations.RunSQL(KEEP, FORGET),
        migrations.AddIndex(
            "observation", models.Index(fields=["bright_strehl_ratio"], name="observation_by_bright_strehl")
        ),
        migrations.AddIndex(
            "observation", models.Index(fields=["faint_strehl_ratio"], name="observation_by_faint_strehl")
        ),
    ]
