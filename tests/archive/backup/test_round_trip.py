"""The whole archive out of its backup, on a new database: rows, logins, bytes, and what comes in next."""

import stat
from io import StringIO
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from rest_framework.authtoken.models import Token

from archive.backup import moment
from archive.backup.making import make_backup
from archive.backup.progress import no_bars
from archive.backup.recovering import Recovery
from archive.domain import events
from archive.domain.science import keeping, told
from archive.enums import EventName
from archive.models import Frame, StoredObject
from tests.archive.backup.conftest import listed, on, recover
from tests.conftest import client_of
from tests.factories import FrameFactory
from tests.telemetry.stored import records


def counts() -> dict[str, int]:
    with moment.held() as held:
        return held.counts(no_bars)


def everything() -> tuple[bytes, dict[str, int], list[Any]]:
    return b"".join(told.everything()), counts(), records()


def test_everything_comes_back_and_works(filled: Frame, back_up, local_store, empty, tmp_path):
    before = everything()
    token = Token.objects.get(user__username="alice").key
    newest = Frame.objects.order_by("-pk")[0].pk
    made = back_up()
    assert made.objects.unexpected == made.objects.without_row == 0
    assert made.facts["tables"] == before[1]
    assert before[1]["telemetry.record_2024_04"] == 5

    Recovery(tmp_path / "backup", local_store, using=empty).run()
    with on(empty):
        assert everything() == before
        answer = client_of(None).post("/api-token-auth/", {"username": "alice", "password": "alice-pass"})
        assert answer.json() == {"token": token}
        mine = client_of(User.objects.get(username="alice")).get("/frames/").json()
        assert mine["count"] == Frame.objects.filter(is_listed=True).count()
        stored = filled.versions.order_by("-pk")[0].object
        downloaded: Any = client_of(None).get(f"/frames/{filled.pk}/download/")
        assert b"".join(downloaded.streaming_content) == b"".join(local_store.stream(stored.path, stored.version_id))
        assert FrameFactory(local_store)().pk > newest


def test_the_commands_do_the_same(filled, local_store, empty, tmp_path, capfd):
    before = everything()
    folder = tmp_path / "backups" / "one"
    call_command("backup", str(folder))
    assert f"are in {folder}" in capfd.readouterr().out
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "database.dump": 0o600,
        "store.ndjson.gz": 0o600,
        "backup.json": 0o600,
    }
    done = recover(folder, DB_NAME=empty)
    assert done.returncode == 0, done.stderr
    assert "are back, as they were at" in done.stdout
    with on(empty):
        assert everything() == before


def test_what_comes_in_while_a_backup_is_made_is_not_in_it(filled, local_store, empty, tmp_path):
    """Neither its rows nor its bytes: dump, numbers and list are of one moment."""
    before = everything()
    late = []

    def bars(doing, total, unit):
        if doing in {"Dumping", "Listing the store"}:
            late.append(FrameFactory(local_store)())
        return no_bars(doing, total, unit)

    made = make_backup(tmp_path / "backup", store=local_store, bars=bars)
    assert len(late) == 2
    assert made.facts["tables"] == before[1]
    paths = {line["path"] for line in listed(tmp_path / "backup")}
    assert not paths & {frame.versions.get().object.path for frame in late}
    assert made.objects.without_row == 2
    Recovery(tmp_path / "backup", local_store, using=empty).run()
    with on(empty):
        assert everything() == before


def test_the_list_has_each_object_by_path_with_its_checksums(filled, back_up, tmp_path):
    back_up()
    lines = listed(tmp_path / "backup")
    rows = {
        (row.path, row.version_id): (row.store, row.size_bytes, row.md5, row.sha256, row.crc32)
        for row in StoredObject.objects.all()
    }
    found = {
        (line["path"], line["version_id"]): (
            line["store"], line["size_bytes"], line["md5"], line["sha256"], line["crc32"],
        )
        for line in lines
    }  # fmt: skip
    assert found == rows
    assert [line["path"].encode() for line in lines] == sorted(line["path"].encode() for line in lines)


def test_sequences_that_were_behind_go_on_after_the_newest_row(filled, back_up, local_store, empty, tmp_path):
    tables = ["archive_frame", "archive_storedobject", "auth_user"]
    newest = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1)")
            cursor.execute(f"SELECT max(id) FROM {table}")
            newest += cursor.fetchone()
    back_up()
    Recovery(tmp_path / "backup", local_store, using=empty).run()
    with on(empty), connection.cursor() as cursor:
        for table, before in zip(tables, newest, strict=True):
            cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))")
            assert cursor.fetchone() == (before + 1,)


def test_what_came_in_since_is_added_out_of_the_store(filled, back_up, local_store, empty, tmp_path, now):
    """The store outlives the database: its documents are later than the backup, and `restore` takes them in."""

    def keep() -> None:
        events.give_positions()
        while keeping.keep_rows(store=local_store, at=now):
            pass

    keep()
    back_up()
    FrameFactory(local_store)(versions=2)
    Frame.objects.filter(pk=filled.pk).update(target_name="M 42")
    with transaction.atomic():
        events.record_event(EventName.FRAME_UPDATED, frame=filled, body={}, at=now)
    keep()
    before = b"".join(told.everything())
    Recovery(tmp_path / "backup", local_store, using=empty).run()
    with on(empty):
        assert not keeping.knows_of(local_store)  # `recover` then says what to do
        assert keeping.keep_rows(store=local_store, at=now) == 0
        call_command("restore", "--quick", stdout=StringIO())
        assert b"".join(told.everything()) == before
        assert keeping.knows_of(local_store)
