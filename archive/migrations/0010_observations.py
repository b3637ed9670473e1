"""Observations of the adaptive-optics camera, what is made of them, and what is measured."""

import archive.enums
import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0009_live"),
    ]

    operations = [
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
                    ("product.done", "product.done"),
                    ("product.failed", "product.failed"),
                ],
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="PipelineSwitch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_paused", models.BooleanField()),
                ("changed_by", models.CharField(help_text="User name", max_length=150)),
                ("reason", models.TextField(default="")),
                ("changed_at", models.DateTimeField(help_text="UTC")),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="proposal",
            name="is_planetary",
            field=models.BooleanField(
                default=False, help_text="Its targets are discs, not stars: they are reduced by their limb"
            ),
        ),
        migrations.CreateModel(
            name="Observation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="What the names of its raw files begin with", max_length=200, unique=True
                    ),
                ),
                ("proposal_id", models.CharField(help_text="Programme", max_length=64)),
                ("target_name", models.CharField(max_length=200)),
                (
                    "alternative_names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                ("camera", models.CharField(help_text="VIC is the visible one", max_length=32)),
                ("primary_optical_element", models.CharField(help_text="Filter", max_length=100)),
                ("marker", models.CharField(help_text="Free mark that the instrument sets", max_length=32)),
                ("observed_at", models.DateTimeField(help_text="Time in its name, UTC")),
                ("night", models.DateField(help_text="UTC date in its name: where its files lie")),
                (
                    "public_date",
                    models.DateTimeField(help_text="When everybody may see it, UTC; null: never", null=True),
                ),
                (
                    "telescope_id",
                    models.CharField(default="", help_text="By the installation that held then", max_length=64),
                ),
                ("exposure_time", models.FloatField(help_text="All its frames together, s", null=True)),
                ("magnitude", models.FloatField(help_text="As the observer stated it", null=True)),
                (
                    "position",
                    django.contrib.gis.db.models.fields.PointField(
                        geography=True, help_text="Where the telescope pointed, ICRS", null=True, srid=4326
                    ),
                ),
                ("altitude_deg", models.FloatField(null=True)),
                ("azimuth_deg", models.FloatField(null=True)),
                (
                    "signal_class",
                    models.CharField(
                        choices=[
                            ("high_flux", "high_flux"),
                            ("faint", "faint"),
                            ("zero_flux", "zero_flux"),
                            ("failed", "failed"),
                        ],
                        default="",
                        help_text="How bright it was, as the reduction found; empty: not known yet",
                        max_length=16,
                    ),
                ),
                ("comment", models.TextField(blank=True, default="")),
                ("modified_at", models.DateTimeField(auto_now=True, help_text="Last change of this row, UTC")),
            ],
            options={
                "ordering": ["-observed_at", "-id"],
                "indexes": [
                    models.Index(fields=["-observed_at", "-id"], name="observation_newest"),
                    models.Index(fields=["night", "proposal_id"], name="observation_by_night"),
                    models.Index(fields=["proposal_id", "-observed_at"], name="observation_by_proposal"),
                    models.Index(fields=["target_name"], name="observation_by_target"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("target_name"), name="gin_trgm_ops"
                        ),
                        fastupdate=False,
                        name="observation_by_target_part",
                    ),
                    models.Index(
                        condition=models.Q(("alternative_names", []), _negated=True),
                        fields=["id"],
                        name="observation_of_other_names",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("proposal_id", ""), _negated=True)
                        ),
                        name="observation_has_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("proposal_id", "*"), _negated=True), name="observation_of_one_proposal"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("night", models.DateField(help_text="Of its observation, or the one it belongs to itself")),
                (
                    "kind",
                    models.CharField(
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
                            ("seeing", "seeing"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "subject",
                    models.CharField(help_text="Observation, or what of a night it is, such as dark_1", max_length=200),
                ),
                ("is_current", models.BooleanField(default=True, help_text="False: a later row took its place")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("queued", "queued"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("skipped", "skipped"),
                            ("stale", "stale"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(
                        default="", help_text="Unique name; empty: inputs are not there yet", max_length=64
                    ),
                ),
                ("inputs", models.JSONField(default=list, help_text="Names and SHA-256 of what it is made from")),
                ("parameters", models.JSONField(default=dict)),
                ("algorithm", models.CharField(default="", max_length=64)),
                ("version", models.CharField(default="", help_text="Of the algorithm", max_length=32)),
                ("values", models.JSONField(default=dict, help_text="What was measured on the way")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often it was begun since it was last forced"
                    ),
                ),
                ("error", models.TextField(default="", help_text="Of the last attempt, in plain words")),
                ("reason", models.TextField(default="", help_text="Why it was skipped, or what it waits for")),
                ("not_before", models.DateTimeField(help_text="Next time to try, UTC")),
                ("queued_at", models.DateTimeField(help_text="When a worker was last asked, UTC", null=True)),
                (
                    "lease",
                    models.PositiveIntegerField(
                        default=0, help_text="Number of its newest lease: older ones may not write"
                    ),
                ),
                (
                    "lease_until",
                    models.DateTimeField(help_text="When the lease ends unless it is renewed, UTC", null=True),
                ),
                ("worker", models.CharField(default="", help_text="Who holds the lease", max_length=200)),
                ("started_at", models.DateTimeField(help_text="UTC", null=True)),
                ("finished_at", models.DateTimeField(help_text="UTC", null=True)),
                (
                    "forced_by",
                    models.CharField(
                        default="", help_text="User who last asked for it to be made again", max_length=150
                    ),
                ),
                ("forced_reason", models.TextField(default="")),
                ("created_at", models.DateTimeField(help_text="UTC")),
                (
                    "observation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="products",
                        to="archive.observation",
                    ),
                ),
            ],
            options={
                "ordering": ["night", "subject", "kind", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ProductAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease", models.PositiveIntegerField(help_text="Number of its lease")),
                ("worker", models.CharField(max_length=200)),
                (
                    "forced_by",
                    models.CharField(
                        default="", help_text="User who asked for it; empty: the pipeline", max_length=150
                    ),
                ),
                ("forced_reason", models.TextField(default="")),
                ("started_at", models.DateTimeField(help_text="UTC")),
                (
                    "finished_at",
                    models.DateTimeField(help_text="UTC; null: it runs, or its worker was lost", null=True),
                ),
                ("error", models.TextField(default="", help_text="Empty: it succeeded, or has not ended")),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="history", to="archive.product"
                    ),
                ),
            ],
            options={
                "ordering": ["-lease"],
            },
        ),
        migrations.CreateModel(
            name="ProductFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(help_text="What it is to its product, such as stack or frames", max_length=32),
                ),
                ("filename", models.CharField(max_length=300)),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                (
                    "object",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="product_file",
                        to="archive.storedobject",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="archive.product"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="product_files",
                        to="archive.version",
                    ),
                ),
            ],
            options={
                "ordering": ["role"],
            },
        ),
        migrations.CreateModel(
            name="QuarantinedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("filename", models.CharField(max_length=1000)),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("reason", models.TextField(help_text="What is wrong with it, and what to do")),
                ("times_seen", models.PositiveIntegerField(default=1, help_text="How often it came")),
                ("first_seen_at", models.DateTimeField(help_text="UTC")),
                ("last_seen_at", models.DateTimeField(help_text="UTC")),
                (
                    "resolved_at",
                    models.DateTimeField(help_text="When it came in after all or was dismissed, UTC", null=True),
                ),
            ],
            options={
                "ordering": ["-last_seen_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("sha256", "filename"), name="quarantined_file_once"),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="quarantined_file_sha256_is_hex"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="quarantined_file_has_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RawFile",
            fields=[
                (
                    "frame",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="raw_file",
                        serialize=False,
                        to="archive.frame",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("science", "science"),
                            ("dark", "dark"),
                            ("flat", "flat"),
                            ("bias", "bias"),
                            ("seeing", "seeing"),
                            ("pointing", "pointing"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "file_number",
                    models.PositiveIntegerField(help_text="0 for the first file, k + 1 for the one that ends in _k"),
                ),
                ("night", models.DateField(help_text="UTC date in its name")),
                ("observed_at", models.DateTimeField(help_text="Time in its name, UTC")),
                ("camera", models.CharField(default="", help_text="Empty: its name does not say", max_length=32)),
                (
                    "primary_optical_element",
                    models.CharField(default="", help_text="Filter; empty: none stated", max_length=100),
                ),
                (
                    "detector_mode",
                    models.CharField(default="", help_text="MODE_NUM, with 4 behind it for sub-arrays", max_length=16),
                ),
                (
                    "observation",
                    models.ForeignKey(
                        help_text="Null: a calibration",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="raw_files",
                        to="archive.observation",
                    ),
                ),
            ],
            options={
                "ordering": ["observed_at", "file_number"],
            },
        ),
        migrations.CreateModel(
            name="SeeingMeasurement",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="seeing",
                        serialize=False,
                        to="archive.product",
                    ),
                ),
                ("night", models.DateField(db_index=True)),
                ("observed_at", models.DateTimeField(help_text="UTC")),
                ("primary_optical_element", models.CharField(help_text="Filter", max_length=100)),
                ("exposure_time", models.FloatField(help_text="s", null=True)),
                ("fwhm_arcsec", models.FloatField(help_text="As seen, without the smoothing of the image")),
                ("fwhm_error_arcsec", models.FloatField(help_text="One standard deviation")),
                ("fwhm_y_arcsec", models.FloatField(help_text="Along the columns of the detector, from row to row")),
                ("fwhm_x_arcsec", models.FloatField(help_text="Along its rows, from column to column")),
                ("zenith_500nm_arcsec", models.FloatField(help_text="The same at 500 nm and the zenith", null=True)),
                ("model", models.CharField(help_text="moffat or gaussian: which fit it is from", max_length=16)),
                ("measured_at", models.DateTimeField(help_text="UTC")),
            ],
            options={
                "ordering": ["observed_at"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("fwhm_arcsec__gt", 0)), name="seeing_fwhm_positive")
                ],
            },
        ),
        migrations.CreateModel(
            name="StrehlMeasurement",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="strehl",
                        serialize=False,
                        to="archive.product",
                    ),
                ),
                ("strehl_ratio", models.FloatField(help_text="Peak over that of a perfect telescope, 0 to 1")),
                ("strehl_error", models.FloatField(help_text="One standard deviation")),
                (
                    "strehl_legacy",
                    models.FloatField(help_text="By the formula of older papers, for comparison", null=True),
                ),
                (
                    "core_arcsec",
                    models.FloatField(help_text="Full width of the core at half its height, arcsec", null=True),
                ),
                (
                    "halo_arcsec",
                    models.FloatField(help_text="Full width of the halo at half its height, arcsec", null=True),
                ),
                (
                    "fwhm_arcsec",
                    models.FloatField(help_text="Full width of the star at half its height, arcsec", null=True),
                ),
                ("signal_to_noise", models.FloatField(null=True)),
                ("flag", models.CharField(choices=[("OK", "OK"), ("BAD?", "BAD?")], max_length=8)),
                (
                    "warnings",
                    models.JSONField(default=list, help_text="What speaks against the measurement, such as saturated"),
                ),
                ("y_px", models.FloatField(help_text="Position of the star in its stack, from zero, px")),
                ("x_px", models.FloatField(help_text="The same")),
                ("measured_at", models.DateTimeField(help_text="UTC")),
                (
                    "observation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="strehls", to="archive.observation"
                    ),
                ),
            ],
            options={
                "ordering": ["-measured_at", "-product_id"],
            },
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["not_before"], name="product_pending"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])), fields=["state"], name="product_in_work"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_current", True)), fields=["night", "state"], name="product_by_night"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_current", True)),
                fields=["kind", "state", "observation"],
                include=["id"],
                name="product_by_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                condition=models.Q(("fingerprint", ""), _negated=True), fields=("fingerprint",), name="product_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)),
                fields=("night", "subject", "kind"),
                name="product_current_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("fingerprint", ""), ("fingerprint__regex", "^[0-9a-f]{64}$"), _connector="OR"),
                name="product_fingerprint_is_hex",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            archive.enums.ProductState["PENDING"],
                            archive.enums.ProductState["SKIPPED"],
                            archive.enums.ProductState["STALE"],
                        ],
                    ),
                    models.Q(("fingerprint", ""), _negated=True),
                    _connector="OR",
                ),
                name="product_begun_has_fingerprint",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_until__isnull", False), ("state", archive.enums.ProductState["RUNNING"])),
                    models.Q(
                        models.Q(("state", archive.enums.ProductState["RUNNING"]), _negated=True),
                        ("lease_until__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="product_running_has_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_current", False),
                    models.Q(("state", archive.enums.ProductState["STALE"]), _negated=True),
                    _connector="OR",
                ),
                name="product_stale_is_not_current",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", archive.enums.ProductState["FAILED"]), _negated=True),
                    models.Q(("error", ""), _negated=True),
                    _connector="OR",
                ),
                name="product_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="productattempt",
            constraint=models.UniqueConstraint(fields=("product", "lease"), name="product_attempt_once"),
        ),
        migrations.AddConstraint(
            model_name="productfile",
            constraint=models.UniqueConstraint(fields=("product", "role"), name="product_file_once"),
        ),
        migrations.AddConstraint(
            model_name="productfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("object__isnull", True), ("version__isnull", False)),
                    models.Q(("object__isnull", False), ("version__isnull", True)),
                    _connector="OR",
                ),
                name="product_file_is_version_or_object",
            ),
        ),
        migrations.AddConstraint(
            model_name="productfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="product_file_sha256_is_hex"
            ),
        ),
        migrations.AddIndex(
            model_name="rawfile",
            index=models.Index(fields=["night", "kind"], name="raw_file_by_night"),
        ),
        migrations.AddConstraint(
            model_name="rawfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("observation__isnull", False)),
                fields=("observation", "file_number"),
                name="raw_file_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rawfile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", archive.enums.RawKind["SCIENCE"]), ("observation__isnull", False)),
                    models.Q(
                        models.Q(("kind", archive.enums.RawKind["SCIENCE"]), _negated=True),
                        ("observation__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="raw_file_of_science_has_observation",
            ),
        ),
        migrations.AddIndex(
            model_name="strehlmeasurement",
            index=models.Index(fields=["strehl_ratio"], name="strehl_by_ratio"),
        ),
        migrations.AddConstraint(
            model_name="strehlmeasurement",
            constraint=models.CheckConstraint(
                condition=models.Q(("strehl_error__gte", 0)), name="strehl_error_not_negative"
            ),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="id",
            field=models.CharField(
                help_text="As frames carry it, such as PROP2026A-001; * is every proposal",
                max_length=64,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="exposure",
            constraint=models.CheckConstraint(
                condition=models.Q(("proposal_id", "*"), _negated=True), name="exposure_of_one_proposal"
            ),
        ),
        migrations.AddConstraint(
            model_name="frame",
            constraint=models.CheckConstraint(
                condition=models.Q(("proposal_id", "*"), _negated=True), name="frame_of_one_proposal"
            ),
        ),
        migrations.RunSQL("DELETE FROM archive_portalmembership WHERE proposal_id = '*'", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="portalmembership",
            constraint=models.CheckConstraint(
                condition=models.Q(("proposal_id", "*"), _negated=True), name="portal_membership_of_one"
            ),
        ),
    ]
