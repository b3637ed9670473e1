"""Frames around a frame: how far they are looked for, to whom they are named, and how they are drawn."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.domain.lineage import FAR, FIT, NEAR, Edge, Lineage, lineage_of
from archive.enums import ProductKind, RelationKind
from archive.models import AoFile, Frame, MuseExposure, MuseFit, MuseRaw, Relation
from archive.web.frame.provenance import BOX, HIGH, LETTERS, branches_of, drawing_of, shortened

NEVER = datetime(2999, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def relate(source, derived, kind=RelationKind.RAW_OF):
    Relation.objects.create(source=source, derived=derived, kind=kind)


@pytest.fixture
def chain(frame_factory):
    """Six frames, each made from the one before."""
    frames = [frame_factory(basename=f"link{number}") for number in range(6)]
    for source, derived in pairwise(frames):
        relate(source, derived)
    return frames


def test_two_steps_each_way_are_told_and_no_more(chain, admin):
    found = lineage_of(chain[2], admin, at=NOW)
    assert {each.basename: found.steps[pk] for pk, each in found.frames.items()} == {
        f"link{number}": number - 2 for number in range(5)
    }
    assert found.edges == [Edge(chain[n].pk, "raw-of", chain[n + 1].pk) for n in range(4)]
    assert found.more == {-1: 0, 1: 0}


def test_the_ends_of_a_circle_are_told_once(frame_factory, admin):
    one, two = frame_factory(), frame_factory()
    relate(one, two)
    relate(two, one, RelationKind.RELATED)
    found = lineage_of(one, admin, at=NOW)
    assert sorted(found.steps.values()) == [-1, 0]
    assert len(found.edges) == 2
    assert drawing_of(found).boxes


def test_a_frame_of_nobody_has_no_lineage(frame_factory, admin):
    assert not lineage_of(frame_factory(), admin, at=NOW)


def test_what_is_hidden_is_neither_named_nor_counted_nor_passed_through(chain, frame_factory, alice, bob):
    """Behind a hidden frame nothing is told, although it is public: that would tell of what stands between."""
    type(chain[3]).objects.filter(pk=chain[3].pk).update(public_date=NEVER)
    for _ in range(NEAR + 3):
        relate(chain[2], frame_factory(public_date=NEVER))
    stranger = lineage_of(chain[2], bob, at=NOW)
    assert set(stranger.steps.values()) == {-2, -1, 0}
    assert stranger.more == {-1: 0, 1: 0}
    member = lineage_of(chain[2], alice, at=NOW)
    assert member.more == {-1: 0, 1: 4}  # twelve, of which eight are told


def test_many_are_counted_and_their_list_has_pages(chain, frame_factory, client, django_assert_max_num_queries):
    for number in range(60):
        relate(chain[0], frame_factory(basename=f"many{number:03d}"), RelationKind.CALIBRATES)
    shown = client.get(f"/frame/{chain[0].pk}/").content.decode()
    assert f"{61 - NEAR} more that were made of it" in shown
    with django_assert_max_num_queries(2):
        first = client.get(f"/frame/{chain[0].pk}/family/?way=behind").content.decode()
    second = client.get(f"/frame/{chain[0].pk}/family/?way=behind&page=2").content.decode()
    for number in range(60):
        assert (f"many{number:03d}" in first) != (f"many{number:03d}" in second)
    assert "Nothing here" in client.get(f"/frame/{chain[0].pk}/family/").content.decode()


def test_frames_two_steps_away_are_bounded_too(frame_factory, admin):
    first = frame_factory()
    for _ in range(NEAR + 2):
        second = frame_factory()
        relate(first, second)
        for _ in range(3):
            relate(second, frame_factory())
    found = lineage_of(first, admin, at=NOW)
    assert sorted(found.steps.values()) == [0] + [1] * NEAR + [2] * FAR


def test_the_list_of_a_hidden_frame_looks_like_none(client, bob, alice, frame_factory):
    hidden = frame_factory(public_date=NEVER)
    for user, status in ((None, 404), (bob, 404), (alice, 200)):
        if user:
            client.force_login(user)
        assert client.get(f"/frame/{hidden.pk}/family/").status_code == status


def test_raw_files_cube_and_fits_of_muse_belong_together(frame_factory, client, alice, bob):
    raws, cube, prm, psf = [frame_factory() for _ in range(2)], frame_factory(), frame_factory(), frame_factory()
    exposure = MuseExposure.objects.create(name="M51", cube=cube, public_date=NOW - timedelta(days=1))
    for place, raw in enumerate(raws, start=1):
        MuseRaw.objects.create(exposure=exposure, place=place, key=f"raw{place}", frame=raw)
    files = [AoFile.objects.create(version=each.versions.get(), instrument_id="MUSE", cards={}) for each in (prm, psf)]
    MuseFit.objects.create(exposure=exposure, number=1, prm=files[0], psf=files[1], began_at=NOW)
    found = lineage_of(raws[0], bob, at=NOW)
    assert {found.frames[pk]: step for pk, step in found.steps.items()} == {raws[0]: 0, cube: 1, prm: 2, psf: 2}
    assert Edge(cube.pk, FIT, psf.pk) in found.edges
    assert sorted(lineage_of(psf, bob, at=NOW).steps.values()) == [-2, -2, -1, 0]
    assert 'href="/muse/exposures/M51/"' in client.get(f"/frame/{psf.pk}/").content.decode()
    type(cube).objects.filter(pk=cube.pk).update(public_date=NEVER)
    assert not lineage_of(raws[0], bob, at=NOW)
    assert lineage_of(raws[0], alice, at=NOW)


def test_boxes_lie_beside_each_other_and_lines_end_at_them(chain, admin):
    drawn = drawing_of(lineage_of(chain[2], admin, at=NOW))
    places = {box.frame.basename: (box.x, box.y) for box in drawn.boxes}
    assert [name for name, _ in sorted(places.items(), key=lambda each: each[1])] == [f"link{n}" for n in range(5)]
    for box in drawn.boxes:
        assert box.x >= 0
        assert box.x + BOX <= drawn.width
        assert box.y >= 0
        assert box.y + HIGH <= drawn.height
    start, end = places["link0"], places["link1"]
    line = next(each for each in drawn.lines if each.title == "link0 made into link1")
    assert line.path.startswith(f"M{start[0] + BOX:g} {start[1] + HIGH / 2:g}C")
    assert line.path.endswith(f" {end[0]:g} {end[1] + HIGH / 2:g}")


def test_a_line_between_frames_of_one_column_stays_in_the_drawing_and_beside_the_boxes():
    frames = {pk: Frame(pk=pk, basename=name, reduction_level=0) for pk, name in enumerate(("here", "flat", "cat"))}
    edges = [Edge(1, "calibrates", 0), Edge(2, "catalogue-of", 0), Edge(1, "calibrates", 2)]
    drawn = drawing_of(Lineage(frames, {0: 0, 1: -1, 2: -1}, edges, {-1: 0, 1: 0}, {}))
    (column,) = {box.x for box in drawn.boxes if not box.is_here}
    line = next(each for each in drawn.lines if each.title == "flat calibrates cat")
    along = [float(x) for x in re.findall(r"([\d.]+) [\d.]+", line.path)]
    assert along[0] == along[-1] == column + BOX
    assert all(column + BOX <= x <= drawn.width for x in along)


def test_the_list_says_the_same_as_the_drawing(chain, admin):
    found = lineage_of(chain[2], admin, at=NOW)
    (before,), (behind,) = branches_of(found, way=-1), branches_of(found, way=1)
    assert (before.how, before.frame, before.branches[0].frame) == ("made from", chain[1], chain[0])
    assert (behind.how, behind.frame, behind.branches[0].frame) == ("made into", chain[3], chain[4])


def test_long_names_keep_what_tells_them_apart():
    name = "tfn0m410-sq36-20261127-0123-e91"
    assert shortened("short") == "short"
    assert len(shortened(name)) == LETTERS
    assert shortened(name).endswith("0123-e91")


def test_frames_of_request_block_and_target_stand_beside_a_frame(client, frame_factory):
    frame = frame_factory(request_id=7, observation_id=8)
    frame_factory(basename="sibling", request_id=7, target_name="other")
    frame_factory(basename="of-block", observation_id=8, target_name="other")
    frame_factory(basename="same-target")
    frame_factory(basename="other-night", observation_day=frame.observation_day - timedelta(days=1))
    frame_factory(basename="unseen", request_id=7, observation_id=8, public_date=NEVER)
    shown = client.get(f"/frame/{frame.pk}/").content.decode()
    for name in ("sibling", "of-block", "same-target", "/search/?request_id=7", "/search/?observation_id=8"):
        assert name in shown
    for name in ("other-night", "unseen"):
        assert name not in shown


def test_a_raw_file_and_a_product_lead_to_their_observation(client, bob, ao):
    observation = ao.observation()
    raw = ao.raw_file(observation).frame
    made = ao.file(ao.product(observation, kind=ProductKind.BRIGHT), "stack").version.frame
    hidden = ao.raw_file(ao.observation(public_date=None), public_date=NOW - timedelta(days=1)).frame
    link = f'href="/observation/{observation.name}/"'
    for frame in (raw, made):
        assert link in client.get(f"/frame/{frame.pk}/").content.decode()
    assert "bright 1" in client.get(f"/frame/{made.pk}/").content.decode()
    assert 'href="/observation/' not in client.get(f"/frame/{hidden.pk}/").content.decode()


def test_versions_say_how_long_they_stood(client, frame_factory):
    frame = frame_factory(versions=2)
    newest = frame.versions.first()
    shown = client.get(f"/frame/{frame.pk}/").content.decode()
    assert f"until {newest.created:%Y-%m-%d %H:%M:%S}" in shown
    assert shown.count("superseded") == 1


def test_statements_do_not_grow_with_the_family(client, frame_factory):
    frame, counts = frame_factory(request_id=1), []
    for _ in range(2):
        for _ in range(3):
            near = frame_factory(request_id=1)
            relate(near, frame, RelationKind.CALIBRATES)
            relate(frame_factory(), near)
            relate(frame, frame_factory())
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/frame/{frame.pk}/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 23  # five of them ask whether there is telemetry
