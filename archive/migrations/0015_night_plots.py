"""Kinds of products that show a whole night."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0014_strehl_of_observations"),
    ]

    operations = [
        migrations.AlterField(
            model_name="product",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dark", "dark"),
                    ("flat", "flat"),
                    ("bright", "bright"),
                    ("faint", "faint"),
                    ("planetary", "planetary"),
                    ("bright-strehl", "bright-strehl"),
                    ("faint-strehl", "faint-strehl"),
                    ("bright-preview", "bright-preview"),
                    ("faint-preview", "faint-preview"),
                    ("planetary-preview", "planetary-preview"),
                    ("bright-psf", "bright-psf"),
                    ("bright-pca", "bright-pca"),
                    ("faint-pca", "faint-pca"),
                    ("seeing", "seeing"),
                    ("night-seeing", "night-seeing"),
                    ("night-strehl", "night-strehl"),
                    ("night-contrast", "night-contrast"),
                ],
                max_length=32,
            ),
        ),
    ]
