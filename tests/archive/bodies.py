"""What clients post, as the ocs_ingester writes it, and requests that come at the same moment."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from archive.models import Thumbnail
from tests.ao_camera import CARDS, OBSERVATION
from tests.archive.test_post_frames import BODY


def body(**changes):
    return {**copy.deepcopy(BODY), **changes}


def posted_raw(*, basename=OBSERVATION, extension=".fits.bz2", **changes):
    """A raw file of the adaptive-optics camera whose bytes the client has stored."""
    told = {
        "basename": basename, "reduction_level": 0, "observation_day": "20160925",
        "observation_date": "2016-09-25T11:04:27.040912", "public_date": "2017-09-25T11:04:27.040912",
        "proposal_id": "4", "instrument_id": "roboao", "target_name": "351_Yrsa", "site_id": "kpno",
        "telescope_id": "KPNO_2.1m", "exposure_time": 119.3, "primary_optical_element": "lp600", "area": None,
        "related_frame_filenames": [], "headers": dict(CARDS),
        "version_set": [{"key": "v1", "md5": "a" * 32, "extension": extension}],
    }  # fmt: skip
    return body(**{**told, **changes})


def post_thumbnail(client, frame, number=0, **changes) -> Thumbnail:
    picture = {
        "basename": f"{frame.basename}-{number}-small", "frame_basename": frame.basename, "size": "small",
        "version_set": [{"key": f"t{number}", "md5": f"{number + 10:032x}", "extension": ".jpg"}],
        "related_frame_filenames": [],
    }  # fmt: skip
    answer = client.post("/thumbnails/", body(**{**picture, **changes}), format="json")
    assert answer.status_code == 201, answer.content
    return Thumbnail.objects.get(basename=answer.json()["basename"])


def at_once(count, call):
    return at_once_each([call] * count)


def at_once_each(calls):
    """Answers of calls that start together, each on a connection of its own."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait(timeout=30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(run, call) for call in calls]]
