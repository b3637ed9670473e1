"""Tables, functions and views of telemetry: SQL, for partitions and views are nothing that Django's models say."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


def forwards(name: str) -> migrations.RunSQL:
    return migrations.RunSQL([(SQL / name).read_text(encoding="utf-8")], migrations.RunSQL.noop)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, "DROP SCHEMA telemetry CASCADE"),
        forwards("0001_tables.sql"),
        forwards("0001_functions.sql"),
        forwards("0001_views.sql"),
        # State only: no model is managed.
        migrations.CreateModel(
            name="AgentToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.TextField()),
                ("token_sha256", models.BinaryField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": '"telemetry"."agent_token"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Bundle",
            fields=[
                (
                    "digest",
                    models.TextField(
                        help_text="SHA-256 of what the bundle says, hexadecimal", primary_key=True, serialize=False
                    ),
                ),
                ("content", models.BinaryField(help_text="The bundle as a zip")),
                ("source", models.TextField(help_text="Where it was read from")),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"telemetry"."bundle"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("device", models.TextField()),
                ("event", models.TextField()),
            ],
            options={
                "db_table": '"telemetry"."channel"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Damage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "recording_id", "seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("seq", models.BigIntegerField(help_text="Offset in the uncompressed bytes")),
                ("length", models.BigIntegerField(help_text="Bytes")),
                ("reason", models.TextField()),
            ],
            options={
                "db_table": '"telemetry"."damage"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="File",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.TextField(help_text="Instrument computer")),
                ("path", models.TextField(help_text="Absolute path there; bytes that are no UTF-8 as \\xNN")),
                (
                    "raw_path",
                    models.BinaryField(help_text="The path's bytes, where `path` does not say them exactly", null=True),
                ),
                ("device", models.TextField(help_text="By the file's name; empty where the name has none")),
                ("kind", models.TextField(help_text="bintel, binlog, ndjson, log, xrif or other")),
                ("created_ns", models.BigIntegerField(help_text="By the name, else change of its inode, Unix ns")),
                ("modified_ns", models.BigIntegerField(help_text="Unix ns")),
                ("size_bytes", models.BigIntegerField()),
                (
                    "ingested_size_bytes",
                    models.BigIntegerField(help_text="Size when it was last read to its end", null=True),
                ),
                (
                    "ingested_modified_ns",
                    models.BigIntegerField(help_text="Unix ns, as ingested_size_bytes", null=True),
                ),
                (
                    "sha256",
                    models.BinaryField(help_text="Of the whole file, of the size and time beside it", null=True),
                ),
                ("sha256_size_bytes", models.BigIntegerField(null=True)),
                ("sha256_modified_ns", models.BigIntegerField(help_text="Unix ns", null=True)),
                ("listed_at", models.DateTimeField(help_text="When the inventory first had it")),
                ("changed_at", models.DateTimeField(help_text="When the inventory last saw that it differs")),
                ("gone_at", models.DateTimeField(help_text="Since when it is not at its place", null=True)),
            ],
            options={
                "db_table": '"telemetry"."file"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Location",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField(unique=True)),
                ("prefix", models.TextField(help_text="Folder under which <host>/<path> lies")),
                ("is_local", models.BooleanField(help_text="The database's computer reads it as a folder")),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "db_table": '"telemetry"."location"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Recording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("host", models.TextField(help_text="Instrument computer")),
                ("path", models.TextField(help_text="Absolute path there, without .gz or .zst")),
                ("device", models.TextField()),
                ("kind", models.TextField(help_text="bintel, binlog or ndjson")),
                ("started_ns", models.BigIntegerField(help_text="Unix time in the file's name, ns", null=True)),
                ("generation", models.IntegerField(help_text="Grows each time that the file was written anew")),
                ("state", models.TextField(help_text="new, ok, incomplete, partial or bad")),
                ("reason", models.TextField(help_text="Of a state other than ok")),
                ("first_ns", models.BigIntegerField(help_text="Least time of its records, Unix ns", null=True)),
                ("last_ns", models.BigIntegerField(help_text="Greatest time of its records, Unix ns", null=True)),
                ("n_records", models.BigIntegerField()),
                ("n_bad", models.BigIntegerField(help_text="Places whose bytes gave no record")),
                ("n_undecoded", models.BigIntegerField(help_text="Records kept as bytes until a bundle knows them")),
                ("n_unknown_fields", models.BigIntegerField(help_text="Fields newer than the bundle's schema")),
                ("bytes_consumed", models.BigIntegerField(help_text="Uncompressed bytes that were read")),
                ("head_length", models.IntegerField(help_text="Bytes")),
                ("head_sha256", models.BinaryField(help_text="Of its first head_length bytes")),
                ("tail_length", models.IntegerField(help_text="Bytes")),
                ("tail_sha256", models.BinaryField(help_text="Of the tail_length bytes before bytes_consumed")),
                ("bundle_digest", models.TextField(help_text="The bundle that decoded it last")),
                ("ingested_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": '"telemetry"."recording"',
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Replica",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.TextField(help_text="At the location")),
                ("origin_modified_ns", models.BigIntegerField(help_text="Of the origin when it was copied, Unix ns")),
                ("origin_size_bytes", models.BigIntegerField(help_text="Of the origin when it was copied")),
                ("sha256", models.BinaryField(help_text="Of the bytes that were copied")),
                ("state", models.TextField(help_text="ok, differs or missing, by the last verification")),
                ("copied_at", models.DateTimeField()),
                ("verified_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": '"telemetry"."replica"',
                "managed": False,
            },
        ),
    ]
