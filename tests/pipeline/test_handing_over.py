"""What was made comes into the archive whole, once, and visible to those who may see the observation; or not at all."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection

from archive.domain import products, removal
from archive.domain.store import the_store
from archive.enums import ProductKind, RelationKind
from archive.errors import TransientError
from archive.models import (
    Event,
    Frame,
    Observation,
    Product,
    ProductFile,
    Relation,
    SeeingMeasurement,
    StoredObject,
    StrehlMeasurement,
    Version,
)
from ingest.reconcile import Reconciler
from pipeline import leases
from pipeline.jobs import job_of
from pipeline.leases import Lease, LeaseLost
from pipeline.products import hand_over
from pipeline.reductions.job import Made, MadeFile
from tests.pipeline.conftest import DARK, FLAT, SEEING, STAR
from tests.pipeline.small_steps import make

FIRST_16 = 16
LIFETIME = timedelta(hours=1)


def differences(machine) -> list[str]:
    reconciler = Reconciler(machine.store, settled_before=datetime(2100, 1, 1, tzinfo=UTC))
    return [found.line() for found in reconciler.differences()]


def claimed(machine, kind: ProductKind, subject: str = STAR) -> Lease:
    """A lease on a product of that kind, everything before it made."""
    while True:
        for product_id in machine.dispatch():
            product = Product.objects.get(pk=product_id)
            if (product.kind, product.subject) == (kind, subject):
                lease = leases.claim(product_id, worker="here 1", lifetime=LIFETIME, at=machine.now)
                assert lease is not None
                return lease
            machine.make(product_id)


def give(machine, lease: Lease, made: Made | None = None, folder: str = "job") -> None:
    product = Product.objects.get(pk=lease.product_id)
    path = machine.folder / folder
    path.mkdir()
    job = job_of(product, folder=path)
    hand_over(lease, job, made or make(job), store=the_store(), inspector=machine.inspector, at=machine.now)


@pytest.mark.django_db
class TestFiles:
    def test_fits_files_are_frames_and_the_others_lie_beside_them(self, reduced):
        bright = reduced.product(ProductKind.BRIGHT)
        files = {file.role: file for file in bright.files.all()}
        assert {role: file.filename for role, file in files.items()} == {
            "stack": f"{STAR}_100p.fits",
            "frames": "frames.csv",
            "product": "product.json",
        }
        folder = f"archive/reductions/20160925/{STAR}/automated/{bright.fingerprint[:FIRST_16]}"
        stored = [file.object or file.version.object for file in files.values()]
        assert {each.path.rpartition("/")[0] for each in stored} == {folder}
        frame = files["stack"].version.frame
        assert (frame.basename, frame.reduction_level, frame.is_listed) == (f"{STAR}_100p", 91, True)

    def test_a_frame_says_which_frames_it_was_made_from(self, reduced):
        frame = Frame.objects.get(basename=f"{STAR}_100p")
        relations = Relation.objects.filter(derived=frame).values_list("source__basename", "kind")
        assert set(relations) == {
            (STAR, RelationKind.RAW_OF),
            ("dark_1_20160925", RelationKind.CALIBRATES),
            ("flat_lp600_20160925", RelationKind.CALIBRATES),
        }

    def test_product_json_says_what_the_rows_say(self, reduced):
        bright = reduced.product(ProductKind.BRIGHT)
        stored = bright.files.get(role="product").object
        told = json.loads(b"".join(reduced.store.stream(stored.path, stored.version_id)))
        assert told["fingerprint"] == bright.fingerprint
        assert told["inputs"] == [{key: row[key] for key in ("name", "role", "sha256")} for row in bright.inputs]
        assert (told["parameters"], told["algorithm"], told["version"]) == (bright.parameters, "small-bright", "1")
        assert {**told["values"], "signal_class": told["signal_class"]} == bright.values
        assert {name: datetime.fromisoformat(at) for name, at in told["times"].items()} == {
            name: getattr(bright, name) for name in ("created_at", "started_at", "finished_at")
        }
        assert (told["attempt"], told["observation"]["proposal_id"]) == (1, "4")
        others = bright.files.exclude(role="product").order_by("role")
        assert sorted(told["outputs"], key=lambda each: each["role"]) == [
            {"role": file.role, "filename": file.filename, "sha256": file.sha256, "size_bytes": file.size_bytes}
            for file in others
        ]

    def test_every_object_has_its_row_and_every_row_its_object(self, reduced):
        assert differences(reduced) == []

    def test_measurements_stand_in_rows_of_their_own(self, reduced):
        strehl = StrehlMeasurement.objects.get(product__kind="bright-strehl")
        assert (strehl.strehl_ratio, strehl.observation.name, strehl.measured_at) == (0.2, STAR, reduced.now)
        reduced.take(SEEING)
        reduced.run()
        seeing = SeeingMeasurement.objects.get()
        assert (seeing.fwhm_arcsec, f"{seeing.night}", seeing.primary_optical_element) == (1.2, "2016-09-25", "Si")

    def test_made_again_the_same_it_leaves_every_row_and_object_as_it_is(self, reduced):
        def kept() -> list[object]:
            rows = (ProductFile, Version, StoredObject, Frame, Relation)
            return [list(model.objects.order_by("pk").values()) for model in rows]

        before = kept()
        for product in Product.objects.filter(is_current=True):
            products.force(product_id=product.pk, by="eve", reason="to see", at=reduced.now)
        reduced.run()
        assert set(Product.objects.values_list("state", "lease")) == {("done", 2)}
        assert kept() == before
        assert differences(reduced) == []

    def test_other_bytes_of_the_same_product_replace_those_before(self, reduced, django_capture_on_commit_callbacks):
        bright = reduced.product(ProductKind.BRIGHT)
        products.force(product_id=bright.pk, by="eve", reason="to see", at=reduced.now)
        lease = claimed(reduced, ProductKind.BRIGHT)
        (reduced.folder / "made").mkdir()
        path = reduced.folder / "made" / "frames.csv"
        path.write_bytes(b"others")
        with django_capture_on_commit_callbacks(execute=True):
            give(reduced, lease, Made((MadeFile("frames", "frames.csv", path),), {}))
        assert set(bright.files.values_list("role", flat=True)) == {"frames", "product"}
        stored = bright.files.get(role="frames").object
        assert [version.version_id for version in reduced.store.versions(stored.path)] == [stored.version_id]
        assert differences(reduced) == []  # the stack stays as a frame

    def test_a_product_that_was_made_and_now_is_not_loses_its_files(self, reduced, django_capture_on_commit_callbacks):
        preview = reduced.product(ProductKind.BRIGHT_PREVIEW)
        products.force(product_id=preview.pk, by="eve", reason="to see", at=reduced.now)
        reduced.order("nothing-bright-preview")
        with django_capture_on_commit_callbacks(execute=True):
            reduced.run()
        preview.refresh_from_db()
        assert (preview.state, preview.reason, preview.values) == ("skipped", "There is no star.", {})
        assert not preview.files.exists()
        assert differences(reduced) == []

    @pytest.mark.parametrize(
        ("role", "filename", "on_disk", "says"),
        [
            ("frames", "product.json", "product.json", "names and roles of their own"),
            ("product", "other.json", "other.json", "names and roles of their own"),
            ("stack", f"{STAR}_100p.fits", "stack.fits", "takes its name from its file"),
        ],
    )
    def test_files_that_would_be_taken_for_others_are_refused(self, machine, role, filename, on_disk, says):
        machine.take_calibrations()
        machine.take(STAR)
        lease = claimed(machine, ProductKind.BRIGHT)
        path = machine.folder / on_disk
        path.write_bytes(b"some")
        with pytest.raises(ValueError, match=says):
            give(machine, lease, Made((MadeFile(role, filename, path),), {}))
        assert not ProductFile.objects.filter(product_id=lease.product_id).exists()
        assert differences(machine) == []


@pytest.mark.django_db
class TestWhoSees:
    def test_a_product_is_seen_by_those_who_see_its_observation(self, machine, alice):
        machine.take_calibrations()
        machine.take(STAR)
        Observation.objects.update(proposal_id="PROP001", public_date=None)
        machine.run()
        frame = Frame.objects.get(basename=f"{STAR}_100p")
        assert (frame.proposal_id, frame.public_date) == ("PROP001", None)
        for user, sees in ((alice, True), (AnonymousUser(), False)):
            assert Frame.objects.visible_to(user, at=machine.now).filter(pk=frame.pk).exists() is sees

    def test_an_embargo_that_began_while_it_was_made_holds(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        lease = claimed(machine, ProductKind.BRIGHT)
        job = job_of(Product.objects.get(pk=lease.product_id), folder=machine.folder)
        made = make(job)
        Observation.objects.update(proposal_id="PROP001", public_date=None)
        hand_over(lease, job, made, store=the_store(), inspector=machine.inspector, at=machine.now)
        frame = Frame.objects.get(basename=f"{STAR}_100p")
        assert (frame.proposal_id, frame.public_date) == ("PROP001", None)

    def test_masters_are_public(self, reduced):
        frames = Frame.objects.filter(basename__in=["dark_1_20160925", "flat_lp600_20160925"])
        assert frames.visible_to(AnonymousUser(), at=reduced.now).count() == 2


@pytest.mark.django_db(transaction=True)
class TestFences:
    def test_a_late_worker_writes_nothing(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        late = claimed(machine, ProductKind.BRIGHT)
        machine.later(hours=2)
        machine.dispatch()  # its lease has ended
        machine.later(hours=2)
        machine.run()
        objects = list(StoredObject.objects.order_by("pk").values())
        row = Product.objects.filter(pk=late.product_id).values().get()
        assert (row["state"], row["lease"]) == ("done", 2)
        with pytest.raises(LeaseLost):
            give(machine, late)
        assert list(StoredObject.objects.order_by("pk").values()) == objects
        assert Product.objects.filter(pk=late.product_id).values().get() == row
        assert Event.objects.filter(name="product.done", body__product=late.product_id).count() == 1
        assert differences(machine) == []

    def test_a_worker_whose_inputs_changed_meanwhile_writes_nothing(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        old = claimed(machine, ProductKind.BRIGHT)
        machine.take(f"{STAR}_0")
        with pytest.raises(LeaseLost):
            give(machine, old)
        assert Product.objects.get(pk=old.product_id).state == "stale"
        machine.run()
        assert differences(machine) == []

    def test_bytes_that_a_killed_worker_left_are_swept_by_the_next_one(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        lease = claimed(machine, ProductKind.BRIGHT)
        give(machine, lease)
        kept = {stored.path for stored in StoredObject.objects.filter(path__startswith="archive/reductions/")}
        StoredObject.objects.filter(pk__in=_forgotten(lease)).delete()  # as if the rows had never been committed
        assert len(differences(machine)) == 3
        Product.objects.filter(pk=lease.product_id).update(state="queued", values={})
        machine.make(lease.product_id)
        assert differences(machine) == []
        assert {stored.path for stored in StoredObject.objects.filter(path__startswith="archive/reductions/")} == kept

    def test_a_file_that_is_refused_takes_back_those_before_it(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        lease = claimed(machine, ProductKind.BRIGHT)
        good, bad = machine.folder / "frames.csv", machine.folder / f"{STAR}_100p.fits"
        good.write_bytes(b"good")
        bad.write_bytes(b"no FITS")
        made = Made((MadeFile("frames", good.name, good), MadeFile("stack", bad.name, bad)), {})
        with pytest.raises(Exception, match="FITS"):
            give(machine, lease, made)
        assert differences(machine) == []
        assert not ProductFile.objects.filter(product_id=lease.product_id).exists()

    def test_a_commit_whose_answer_is_lost_keeps_the_bytes_of_its_rows(self, machine):
        machine.take_calibrations()
        machine.take(STAR)
        lease = claimed(machine, ProductKind.BRIGHT)
        commit = connection._commit

        def commits_and_breaks() -> None:
            commit()
            raise OperationalError("server closed the connection unexpectedly")

        connection._commit = commits_and_breaks
        try:
            with pytest.raises(OperationalError):
                give(machine, lease)
        finally:
            del connection._commit
        assert Product.objects.get(pk=lease.product_id).state == "done"
        assert differences(machine) == []
        machine.make(lease.product_id)  # its message comes again
        machine.run()
        assert set(machine.states().values()) == {"done"}


def _forgotten(lease: Lease) -> list[int]:
    """Take away the rows of a product's files, and answer those of their bytes."""
    files = ProductFile.objects.filter(product_id=lease.product_id)
    ids = list(files.filter(object__isnull=False).values_list("object_id", flat=True))
    frames = Frame.objects.filter(versions__product_files__in=files)
    ids += Version.objects.filter(product_files__in=files).values_list("object_id", flat=True)
    files.delete()
    frames.delete()
    Version.objects.filter(object__in=ids).delete()
    return ids


@pytest.mark.django_db(transaction=True)
def test_an_observation_that_is_deleted_takes_its_products_with_it(reduced):
    raw = Frame.objects.get(basename=STAR)
    removal.delete_frame(frame_id=raw.pk, at=reduced.now, by="eve")
    assert not Observation.objects.exists()
    # What shows the night is made anew when the night changes again.
    assert set(Product.objects.values_list("kind", flat=True)) == {"dark", "flat", "night-strehl"}
    assert differences(reduced) == []
    for name in (DARK, FLAT):
        assert Frame.objects.filter(basename=name).exists()


@pytest.mark.django_db
def test_the_store_that_is_away_is_no_fault_of_the_product(machine, monkeypatch):
    machine.take_calibrations()
    machine.take(STAR)
    lease = claimed(machine, ProductKind.BRIGHT)

    def away(source: Path, upload: object) -> None:
        raise TransientError("the store is away")

    monkeypatch.setattr(machine.store, "put", away)
    with pytest.raises(TransientError):
        give(machine, lease)
    assert Product.objects.get(pk=lease.product_id).state == "running"
