"""Pages of sites: who sees what of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from archive.domain import info_images
from archive.models import InfoImage
from tests.photonranch_night import ptr_night

NEVER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("address", ["/site/nowhere/", "/site/%00/", "/site/x%26start=soon/", "/site/lsc%26limit=x/"])
def test_a_site_of_which_nothing_is_known_has_no_page(client, db, address):
    assert client.get(address).status_code == 404


def test_what_is_hidden_is_shown_to_members_alone(client, alice, frame_factory):
    frame_factory(basename="secret-frame", public_date=NEVER)
    assert client.get("/site/lsc/").status_code == 404
    client.force_login(alice)
    shown = client.get("/site/lsc/").content.decode()
    assert "secret-frame" in shown
    assert "public from 2999-01-01" in shown


def test_info_images_stand_before_the_latest_pictures(db, client, arrive, now):
    info, *_ = ptr_night(n=1, directory="info-images", large_px=16, picture_px=32)
    latest, *_ = ptr_night(n=1, large_px=16, picture_px=32)
    info_images.announce(site=info.site, channel=2, base=info.base, at=now)
    for family in (info, latest):
        arrive(family.key(".jpg"), family.files[family.key(".jpg")])
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() + timedelta(hours=1))
    part = client.get(f"/site/{info.site}/", headers={"HX-Request": "true"}).content.decode()
    assert part.index("Channel 2") < part.index("Latest")
    assert "<html" not in part
