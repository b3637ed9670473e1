"""`manage.py deleteframes`: what it selects, what it asks, what is gone afterwards."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from archive.errors import NotFoundError
from archive.models import Frame, StoredObject

OLD = datetime(2020, 5, 5, 3, tzinfo=UTC)


@pytest.fixture
def frames(frame_factory):
    """Two frames of 2020 that differ in everything, and one of today; by name."""
    return {
        "one": frame_factory(observation_date=OLD, observation_day=date(2020, 5, 4), request_id=7, observation_id=8),
        "two": frame_factory(
            observation_date=OLD + timedelta(days=10),
            observation_day=date(2020, 5, 14),
            configuration_type="BIAS",
            proposal_id="PROP002",
            site_id="cpt",
            telescope_id="2m0a",
            instrument_id="fa06",
            reduction_level=91,
        ),
        "new": frame_factory(observation_date=timezone.now()),
    }


def run(*arguments: str) -> str:
    told = io.StringIO()
    call_command("deleteframes", *arguments, stdout=told)
    return told.getvalue()


def left(frames) -> set[str]:
    kept = set(Frame.objects.values_list("pk", flat=True))
    return {name for name, frame in frames.items() if frame.pk in kept}


@pytest.mark.parametrize(
    ("arguments", "deleted"),
    [
        (["--days-old", "30"], {"one", "two"}),
        (["--days-old", "0"], {"one", "two", "new"}),
        (["--days-old", "36500"], set()),
        (["--start", "2020-05-05", "--end", "2020-05-06"], {"one"}),
        (["--start", "2020-05-05T03:00:00", "--end", "2020-05-15T03:00:00Z"], {"one", "two"}),
        (["--start", "2020-05-05T03:00:01", "--end", "2020-05-15T02:59:59+00:00"], set()),
        (["--days-old", "30", "--reduction-level", "91"], {"two"}),
        (["--days-old", "30", "--reduction-level", "0"], {"one"}),
        (["--days-old", "30", "--request-id", "7"], {"one"}),
        (["--days-old", "30", "--observation-id", "8"], {"one"}),
        (["--days-old", "30", "--site", "cpt"], {"two"}),
        (["--days-old", "30", "--telescope", "2m0a"], {"two"}),
        (["--days-old", "30", "--include-types", "BIAS", "DARK"], {"two"}),
        (["--days-old", "30", "--exclude-types", "BIAS"], {"one"}),
        (["--days-old", "30", "--include-proposals", "PROP001"], {"one"}),
        (["--days-old", "30", "--exclude-proposals", "PROP001", "--exclude-proposals", "PROP003"], {"two"}),
        (["--days-old", "30", "--include-instruments", "fa06", "fa15"], {"one", "two"}),
        (["--days-old", "30", "--exclude-instruments", "fa06", "fa15"], set()),
        (["--days-old", "30", "--site", "cpt", "--include-types", "EXPOSE"], set()),
    ],
)
def test_each_selector_takes_what_it_says(frames, arguments, deleted):
    told = run(*arguments, "--noinput")
    assert left(frames) == frames.keys() - deleted
    assert f"{len(deleted)} frames are selected." in told


def test_rows_and_bytes_are_gone_and_those_of_others_stay(frames, store, django_capture_on_commit_callbacks):
    gone, kept = (frames[name].versions.get().object for name in ("one", "new"))
    with django_capture_on_commit_callbacks(execute=True):
        told = run("--days-old", "30", "--noinput")
    assert "2 frames deleted." in told
    assert list(StoredObject.objects.all()) == [kept]
    with pytest.raises(NotFoundError):
        store.head(gone.path, gone.version_id)
    assert store.head(kept.path, kept.version_id)


def test_a_dry_run_names_the_frames_and_deletes_none(frames):
    told = run("--days-old", "30", "--dry-run", "--noinput")
    assert frames["one"].basename in told
    assert frames["new"].basename not in told
    assert left(frames) == {"one", "two", "new"}


@pytest.mark.parametrize(
    ("typed", "kept"), [("yes\n", {"new"}), ("no\n", {"one", "two", "new"}), ("", {"one", "two", "new"})]
)
def test_it_asks_before_it_deletes(frames, monkeypatch, typed, kept):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    if "new" in kept and len(kept) == 1:
        run("--days-old", "30")
    else:
        with pytest.raises(CommandError, match=r"nothing was deleted|--noinput"):
            run("--days-old", "30")
    assert left(frames) == kept


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--site", "lsc"],
        ["--start", "2020-01-01"],
        ["--end", "2020-01-01"],
        ["--days-old", "3", "--start", "2020-01-01", "--end", "2021-01-01"],
        ["--days-old", "-3"],
        ["--start", "2021-01-01", "--end", "2020-01-01"],
        ["--start", "yesterday", "--end", "2020-01-01"],
        ["--start", "2020-13-01", "--end", "2021-01-01"],
    ],
)
def test_a_selection_without_clear_bounds_in_time_is_refused(frames, arguments):
    with pytest.raises(CommandError):
        run(*arguments, "--noinput")
    assert left(frames) == {"one", "two", "new"}
