"""Files, recordings and copies as Django reads them. Their tables, and that of records, are made by `telemetry/sql`.

None is managed by Django: the tables lie in the schema `telemetry`, and partitions and views are nothing models say.
Records have no model: they are written by COPY (`telemetry.load`) and read by SQL (`telemetry.queries`).
"""

from django.db import models


class Bundle(models.Model):
    """Code table and schemas that decode binary records."""

    digest = models.TextField(primary_key=True, help_text="SHA-256 of what the bundle says, hexadecimal")
    content = models.BinaryField(help_text="The bundle as a zip")
    source = models.TextField(help_text="Where it was read from")
    added_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"telemetry"."bundle"'

    def __str__(self) -> str:
        return self.digest[:12]


class Recording(models.Model):
    """One sequence of records of one device: the uncompressed bytes of one file, whichever copies hold them."""

    host = models.TextField(help_text="Instrument computer")
    path = models.TextField(help_text="Absolute path there, without .gz or .zst")
    device = models.TextField()
    kind = models.TextField(help_text="bintel, binlog or ndjson")
    started_ns = models.BigIntegerField(null=True, help_text="Unix time in the file's name, ns")
    generation = models.IntegerField(help_text="Grows each time that the file was written anew")
    state = models.TextField(help_text="new, ok, incomplete, partial or bad")
    reason = models.TextField(help_text="Of a state other than ok")
    first_ns = models.BigIntegerField(null=True, help_text="Least time of its records, Unix ns")
    last_ns = models.BigIntegerField(null=True, help_text="Greatest time of its records, Unix ns")
    n_records = models.BigIntegerField()
    n_bad = models.BigIntegerField(help_text="Places whose bytes gave no record")
    n_undecoded = models.BigIntegerField(help_text="Records kept as bytes until a bundle knows them")
    n_unknown_fields = models.BigIntegerField(help_text="Fields newer than the bundle's schema")
    bytes_consumed = models.BigIntegerField(help_text="Uncompressed bytes that were read")
    head_length = models.IntegerField(help_text="Bytes")
    head_sha256 = models.BinaryField(help_text="Of its first head_length bytes")
    tail_length = models.IntegerField(help_text="Bytes")
    tail_sha256 = models.BinaryField(help_text="Of the tail_length bytes before bytes_consumed")
    bundle_digest = models.TextField(help_text="The bundle that decoded it last")
    ingested_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = '"telemetry"."recording"'

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"


class File(models.Model):
    """A file that is or was on an instrument computer."""

    host = models.TextField(help_text="Instrument computer")
    path = models.TextField(help_text="Absolute path there; bytes that are no UTF-8 as \\xNN")
    raw_path = models.BinaryField(null=True, help_text="The path's bytes, where `path` does not say them exactly")
    device = models.TextField(help_text="By the file's name; empty where the name has none")
    kind = models.TextField(help_text="bintel, binlog, ndjson, log, xrif or other")
    created_ns = models.BigIntegerField(help_text="By the name, else change of its inode, Unix ns")
    modified_ns = models.BigIntegerField(help_text="Unix ns")
    size_bytes = models.BigIntegerField()
    recording = models.ForeignKey(Recording, null=True, on_delete=models.SET_NULL, related_name="files")
    ingested_size_bytes = models.BigIntegerField(null=True, help_text="Size when it was last read to its end")
    ingested_modified_ns = models.BigIntegerField(null=True, help_text="Unix ns, as ingested_size_bytes")
    sha256 = models.BinaryField(null=True, help_text="Of the whole file, of the size and time beside it")
    sha256_size_bytes = models.BigIntegerField(null=True)
    sha256_modified_ns = models.BigIntegerField(null=True, help_text="Unix ns")
    listed_at = models.DateTimeField(help_text="When the inventory first had it")
    changed_at = models.DateTimeField(help_text="When the inventory last saw that it differs")
    gone_at = models.DateTimeField(null=True, help_text="Since when it is not at its place")

    class Meta:
        managed = False
        db_table = '"telemetry"."file"'

    def __str__(self) -> str:
        return f"{self.host}:{self.path}"


class Damage(models.Model):
    """Bytes of a recording that gave no record."""

    pk = models.CompositePrimaryKey("recording_id", "seq")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="damages")
    seq = models.BigIntegerField(help_text="Offset in the uncompressed bytes")
    length = models.BigIntegerField(help_text="Bytes")
    reason = models.TextField()

    class Meta:
        managed = False
        db_table = '"telemetry"."damage"'

    def __str__(self) -> str:
        return f"{self.recording_id} at {self.seq}: {self.reason}"


class Location(models.Model):
    """Where copies are kept."""

    name = models.TextField(unique=True)
    prefix = models.TextField(help_text="Folder under which <host>/<path> lies")
    is_local = models.BooleanField(help_text="The database's computer reads it as a folder")
    added_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = '"telemetry"."location"'

    def __str__(self) -> str:
        return self.name


class Replica(models.Model):
    """A copy of a file at a location, as it was copied."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="replicas")
    file = models.ForeignKey(File, on_delete=models.CASCADE, related_name="replicas")
    path = models.TextField(help_text="At the location")
    origin_modified_ns = models.BigIntegerField(help_text="Of the origin when it was copied, Unix ns")
    origin_size_bytes = models.BigIntegerField(help_text="Of the origin when it was copied")
    sha256 = models.BinaryField(help_text="Of the bytes that were copied")
    state = models.TextField(help_text="ok, differs or missing, by the last verification")
    copied_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = '"telemetry"."replica"'

    def __str__(self) -> str:
        return f"{self.location_id}:{self.path}"


class AgentToken(models.Model):
    """A secret of one instrument computer's agent."""

    host = models.TextField()
    token_sha256 = models.BinaryField(unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = '"telemetry"."agent_token"'

    def __str__(self) -> str:
        return f"token of {self.host}"


class Channel(models.Model):
    """One event type of one device."""

    id = models.AutoField(primary_key=True)
    device = models.TextField()
    event = models.TextField()

    class Meta:
        managed = False
        db_table = '"telemetry"."channel"'

    def __str__(self) -> str:
        return f"{self.device} {self.event}"
