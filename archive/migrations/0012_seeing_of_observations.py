"""Observations know the seeing of their night and the one nearest in time, so that searches find by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0011_submitters_in_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="observation",
            name="seeing_mean_arcsec",
            field=models.FloatField(help_text="Mean seeing of its night, full width, arcsec", null=True),
        ),
        migrations.AddField(
            model_name="observation",
            name="seeing_median_arcsec",
            field=models.FloatField(help_text="Median seeing of its night, full width, arcsec", null=True),
        ),
        migrations.AddField(
            model_name="observation",
            name="seeing_nearest_arcsec",
            field=models.FloatField(help_text="Seeing nearest in time, full width, arcsec", null=True),
        ),
        migrations.AddField(
            model_name="observation",
            name="seeing_nearest_at",
            field=models.DateTimeField(help_text="When that was measured, UTC", null=True),
        ),
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(fields=["seeing_median_arcsec"], name="observation_by_median_seeing"),
        ),
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(fields=["seeing_nearest_arcsec"], name="observation_by_nearest_seeing"),
        ),
    ]
