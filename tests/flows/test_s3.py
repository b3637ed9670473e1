"""The whole walk with the bytes in a real, versioned S3 bucket."""

import pytest
import requests
from django.utils import timezone

from ingest.checksums import digest_of
from ingest.intake import ingest_file
from pipeline.reductions.previews import make_previews
from tests.synthetic import write_frame

NAME = "lsc1m005-fa15-20250309-0004-e00"


@pytest.fixture
def s3_store(use_s3):
    return use_s3()


@pytest.mark.django_db
def test_a_frame_goes_from_bytes_to_readers_through_s3(s3_store, inspector, tmp_path, api, admin):
    contents = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = write_frame(folder / f"{NAME}.fits", seed=seed)
        contents.append(path.read_bytes())
        frame = ingest_file(path, store=s3_store, inspector=inspector, now=timezone.now()).frame
        assert frame.versions.first().md5 == digest_of(path).md5
    client = api(admin)
    newest, oldest = client.get(f"/frames/{frame.pk}/").json()["version_set"]
    # The links need no token, and lead to each version's own bytes in S3.
    reader = api(None)
    assert requests.get(reader.get(newest["url"])["Location"], timeout=30).content == contents[1]
    assert requests.get(reader.get(oldest["url"])["Location"], timeout=30).content == contents[0]
    assert reader.get(newest["url"].replace("signature=", "signature=0")).status_code == 403
    signed = reader.get(newest["url"])["Location"].replace("Signature=", "Signature=0")
    assert requests.get(signed, timeout=30).status_code == 403
    asked = reader.head(newest["url"])  # answered here: a link that S3 signs for GET is refused to HEAD
    assert (asked.status_code, asked["Content-Length"]) == (200, str(len(contents[1])))
    # Within one host a redirect would carry the reader's Authorization header into S3: the archive sends the bytes.
    assert b"".join(reader.get(newest["url"], SERVER_NAME="127.0.0.1")) == contents[1]
    assert b"".join(client.get(f"/frames/{frame.pk}/download/")) == contents[1]
    part = client.get(f"/frames/{frame.pk}/download/", HTTP_RANGE="bytes=2880-5759")
    assert b"".join(part) == contents[1][2880:5760]
    make_previews(frame_id=frame.pk, at=timezone.now())
    (picture,) = client.get(f"/thumbnails/?frame_basename={NAME}&size=small").json()["results"]
    assert requests.get(reader.get(picture["url"])["Location"], timeout=30).content[:2] == b"\xff\xd8"
    # A page shows it without asking another host, which its policy forbids.
    shown = reader.get(picture["url"], HTTP_ACCEPT="image/avif,image/webp,image/png,image/*;q=0.8,*/*;q=0.5")
    assert (shown.status_code, b"".join(shown)[:2]) == (200, b"\xff\xd8")
    assert client.get("/health/ready/").json()["parts"]["store"] == {"status": "ok", "detail": "s3 store"}
