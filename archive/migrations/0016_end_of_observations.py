"""Observations know when they ended, so that the time between two of them is told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0015_night_plots"),
    ]

    operations = [
        migrations.AddField(
            model_name="observation",
            name="ended_at",
            field=models.DateTimeField(help_text="End of its last frame, UTC; null: no header says it", null=True),
        ),
    ]
