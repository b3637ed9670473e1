"""The index of submitters begins with the flag, as all of lists: counts are read out of it alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0010_observations"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="frame",
            name="frame_by_submitter",
        ),
        migrations.AddIndex(
            model_name="frame",
            index=models.Index(
                condition=models.Q(("is_listed", True), models.Q(("submitter", ""), _negated=True)),
                fields=["is_public", "submitter", "-observation_date", "-id"],
                name="frame_by_submitter",
            ),
        ),
    ]
