"""Events remember what readers' rights need, where no frame does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0008_uploads"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="subject",
            field=models.JSONField(
                help_text="Columns of a frame that has no row any more, or never had one; told to nobody", null=True
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="name",
            field=models.CharField(
                choices=[
                    ("frame.ingested", "frame.ingested"),
                    ("frame.posted", "frame.posted"),
                    ("frame.updated", "frame.updated"),
                    ("frame.deleted", "frame.deleted"),
                    ("previews.made", "previews.made"),
                    ("family.deleted", "family.deleted"),
                    ("family.updated", "family.updated"),
                ],
                max_length=64,
            ),
        ),
    ]
