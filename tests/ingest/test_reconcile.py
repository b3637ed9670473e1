"""Store against rows: what differs is found, and repaired only when that is asked for."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from archive.domain import received
from archive.domain.received import Heard
from archive.models import Frame, ReceivedObject, StoredObject, UploadEntry
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.synthetic import write_frame

ALL_SETTLED = "--settled-minutes=-1"
NAMES = [f"lsc1m005-fa15-20250309-{number:04d}-e00.fits" for number in range(1, 6)]


@pytest.fixture(params=["local", "s3"])
def kept(request, use_store, tmp_path, s3_server, transactional_db):
    """A store that keeps files: a folder, or a bucket of its own on the S3 server."""
    if request.param == "local":
        root = tmp_path / "store"
        root.mkdir()
        return use_store(type="local", root_dir=str(root))
    bucket = request.getfixturevalue("fresh_bucket")
    return use_store(
        type="s3",
        bucket=bucket,
        endpoint_url=s3_server.endpoint_url,
        region=s3_server.region,
        addressing_style="path",
        access_key=s3_server.access_key,
        secret_key=s3_server.secret_key,
    )


@pytest.fixture
def put(kept, tmp_path):
    def put(path, *, seed=1, content=None):
        source = tmp_path / f"{seed}-{path.rpartition('/')[2]}"
        if content is None:
            write_frame(source, seed=seed)
        else:
            source.write_bytes(content)
        stored = kept.put(source, Upload(path, digest_of(source), "image/fits"))
        source.unlink()
        return stored

    return put


def reconcile(*arguments) -> tuple[int, list[str]]:
    """Exit code and lines of the command."""
    out = StringIO()
    try:
        call_command("reconcile", ALL_SETTLED, *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_nothing_differs_in_an_archive_that_is_in_order(kept, put):
    assert reconcile() == (0, ["0 objects, 0 rows: no difference."])
    for number, name in enumerate(NAMES):
        put(f"data/{name}", seed=number)
    assert reconcile("--repair")[0] == 0
    assert reconcile() == (0, ["5 objects, 5 rows: no difference."])


def test_objects_without_rows_are_told_and_then_taken_in(kept, put):
    uploads = [put(f"data/{NAMES[0]}", seed=1), put(f"lsc/fa15/20250309/raw/{NAMES[1]}", seed=2)]
    code, lines = reconcile()
    assert code == 1
    assert [line.split(": ")[:2] for line in lines[:2]] == [
        ["object without a row", f"{version.path} version {version.version_id}"] for version in uploads
    ]
    assert not Frame.objects.exists()
    code, lines = reconcile("--repair")
    assert (code, lines[-1]) == (0, "2 objects, 0 rows: object without a row: 2; 2 repaired.")
    assert sorted(StoredObject.objects.values_list("path", "version_id")) == sorted(
        (version.path, version.version_id) for version in uploads
    )
    assert UploadEntry.objects.count() == 2


def test_a_row_without_its_object_is_told_and_then_marked(kept, put):
    version = put(f"data/{NAMES[0]}")
    reconcile("--repair")
    kept.delete(version.path, version.version_id)
    code, lines = reconcile()
    assert (code, lines[0].startswith(f"row without its object: {version.path}")) == (1, True)
    assert StoredObject.objects.get().fault == ""
    assert reconcile("--repair")[0] == 1  # nothing brings it back but its owner
    stored = StoredObject.objects.get()
    assert ("no such object" in stored.fault, stored.verified_at) == (True, None)


@pytest.mark.parametrize("column", [{"size_bytes": 5}, {"md5": "0" * 32}])
def test_an_object_that_differs_from_its_row_is_told(kept, put, column):
    put(f"data/{NAMES[0]}")
    reconcile("--repair")
    StoredObject.objects.update(**column)
    code, lines = reconcile()
    if kept.name == "local" and "md5" in column:
        assert code == 0  # a folder tells sizes, not checksums
    else:
        assert (code, lines[0].startswith("object differs from its row")) == (1, True)


def test_what_the_archive_refused_is_known_and_no_difference(kept, put):
    put("data/nothing.fits", content=b"no FITS")
    assert reconcile("--repair")[0] == 0
    assert reconcile() == (
        0,
        ["1 objects, 0 rows: no difference; 1 objects are without a row for a known reason."],
    )
    assert ReceivedObject.objects.get().reason


def test_bytes_that_a_deletion_left_behind_do_not_come_back_as_a_frame(kept, put, now):
    version = put(f"data/{NAMES[0]}")
    reconcile("--repair")
    Frame.objects.all().delete()
    StoredObject.objects.all().delete()
    code, lines = reconcile("--repair")
    assert code == 1
    assert "its rows were deleted since" in lines[0]
    assert not Frame.objects.exists()
    assert kept.head(version.path, version.version_id)


def test_what_the_archive_makes_itself_is_never_taken_in(kept, put):
    put("archive/previews/lost.jpg", content=b"a picture")
    code, lines = reconcile("--repair")
    assert code == 1
    assert "the archive made it" in lines[0]
    assert not ReceivedObject.objects.exists()


def test_what_is_on_its_way_is_left_alone(kept, put):
    put(f"data/{NAMES[0]}")
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert out.getvalue() == "1 objects, 0 rows: no difference.\n"


def test_an_object_that_was_given_up_is_tried_again(kept, put, now):
    version = put(f"data/{NAMES[0]}")
    received.hear([Heard(version.path, version.version_id)], store=kept.name, at=now)
    ReceivedObject.objects.update(state="failed", settled_at=now + timedelta(1))
    assert reconcile("--repair")[0] == 0
    assert ReceivedObject.objects.get().state == "taken"


def test_a_store_that_keeps_nothing_can_not_be_compared(use_store, db):
    use_store(type="dummy")
    with pytest.raises(CommandError, match="keeps nothing") as refused:
        call_command("reconcile")
    assert refused.value.returncode == 2


def test_many_pages_of_both_sides_are_gone_through(kept, put, monkeypatch):
    monkeypatch.setattr("ingest.reconcile.ROWS_AT_A_TIME", 2)
    for number, name in enumerate(NAMES):
        put(f"data/{name}", seed=number)
        put(f"data/{name}", seed=number)
    reconcile("--repair")
    code, lines = reconcile()
    assert (code, lines) == (
        0,
        ["10 objects, 5 rows: no difference; 5 objects are without a row for a known reason."],
    )
