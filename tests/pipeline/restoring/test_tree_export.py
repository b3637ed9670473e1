"""Products as the original's tree: whole files under its names, also after a run that was stopped."""

import os
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from archive.domain import access
from archive.domain.placed import place_of
from archive.enums import ProductKind
from archive.errors import UsageError
from archive.models import Event, Product, ProductFile, StrehlMeasurement
from pipeline.restoring import tree_export
from pipeline.restoring.taking_over import TakeOver
from pipeline.restoring.tree_export import export_tree
from tests.pipeline.conftest import STAR
from tests.pipeline.restoring.conftest import drop_all_rows
from tests.pipeline.restoring.test_restore import _facts, spoil

NIGHT = date(2016, 9, 25)


def found_in(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its SHA-256."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.django_db
class TestTree:
    def test_files_stand_where_the_original_had_them(self, night, tmp_path):
        export_tree(tmp_path / "tree", night=None)
        files = found_in(tmp_path / "tree")
        assert {
            f"20160925/{STAR}/automated/{STAR}_100p.fits",
            f"20160925/{STAR}/automated/product.json",
            f"20160925/{STAR}/automated/strehl/{STAR}_strehl.txt",
            f"20160925/{STAR}/automated/preview/{STAR}_full.png",
            f"20160925/{STAR}/automated/preview/{STAR}_cropped.png",
            f"20160925/{STAR}/faint/{STAR}_summed.fits",
            f"20160925/{STAR}/faint/{STAR}_simple_sum.fits",
            "20160925/calib/dark_1.fits",
            "20160925/calib/flat_lp600.fits",
        } <= set(files)
        rows = {str(place_of(file)): file.sha256 for file in ProductFile.objects.select_related("product")}
        assert files == rows

    def test_to_repeat_it_writes_nothing(self, night, tmp_path):
        first = export_tree(tmp_path / "tree", night=None)
        assert (first.n_written, first.n_there) == (len(found_in(tmp_path / "tree")), 0)
        again = export_tree(tmp_path / "tree", night=None)
        assert (again.n_written, again.n_there) == (0, first.n_written)

    def test_stopped_in_its_middle_it_leaves_whole_files_and_goes_on(self, night, tmp_path, monkeypatch):
        export_tree(tmp_path / "whole", night=None)
        n_begun = 0

        def broken_off(stored, **more):
            nonlocal n_begun
            n_begun += 1
            if n_begun == 5:
                yield next(access_stream(stored, **more))[:1]
                raise KeyboardInterrupt
            yield from access_stream(stored, **more)

        access_stream = access.stream_of
        with monkeypatch.context() as patch:
            patch.setattr(tree_export.access, "stream_of", broken_off)
            with pytest.raises(KeyboardInterrupt):
                export_tree(tmp_path / "tree", night=None)
        whole = found_in(tmp_path / "whole")
        parts = {path for path in found_in(tmp_path / "tree") if path.endswith(".part")}
        assert len(parts) == 1
        assert {path: digest for path, digest in found_in(tmp_path / "tree").items() if path not in parts}.items() <= (
            whole.items()
        )
        export_tree(tmp_path / "tree", night=None)
        assert found_in(tmp_path / "tree") == whole

    def test_what_somebody_changed_there_is_put_right(self, night, tmp_path):
        export_tree(tmp_path / "tree", night=None)
        path = tmp_path / "tree" / "20160925" / STAR / "automated" / "frames.csv"
        path.write_bytes(path.read_bytes()[::-1])
        done = export_tree(tmp_path / "tree", night=None)
        assert done.n_written == 1

    def test_of_one_night(self, night, tmp_path):
        assert export_tree(tmp_path / "tree", night=date(2016, 9, 26)).n_written == 0
        assert export_tree(tmp_path / "tree", night=NIGHT).n_written > 0

    def test_bytes_that_are_others_by_now_are_not_written(self, night, tmp_path):
        spoil(night, night.product(ProductKind.BRIGHT).files.get(role="frames").object)
        with pytest.raises(CommandError, match=r"other bytes in the store"):
            call_command("export", "tree", str(tmp_path / "tree"))
        assert not (tmp_path / "tree" / "20160925" / STAR / "automated" / "frames.csv").exists()

    @pytest.mark.parametrize("name", ["../../etc/passwd", "..", "/etc/passwd", "a\nb", ""])
    def test_no_name_leads_out_of_the_folder(self, night, tmp_path, name):
        ProductFile.objects.filter(role="frames", product__kind="bright").update(filename=name)
        with pytest.raises((UsageError, CommandError)):
            export_tree(tmp_path / "tree", night=None)
        assert {path.name for path in tmp_path.iterdir()} <= {"tree", "orders", *map(str, range(20))}
        assert not os.path.lexists(tmp_path / "etc")

    def test_another_archive_takes_a_tree_with_its_product_json_whole(self, night, tmp_path):
        def facts():
            rows = Product.objects.filter(state="done").order_by("fingerprint")
            return [_facts(product) for product in rows]

        before = facts()
        call_command("export", "tree", str(tmp_path / "tree"))
        drop_all_rows()
        for version in list(night.store.listing()):
            night.store.delete(version.path, version.version_id)
        report = TakeOver(night.store, night.inspector, night.now).run(tmp_path / "tree")
        assert facts() == before
        assert report.left_out == {}
        assert not Event.objects.exists()
        assert night.dispatch() == []

    def test_a_file_of_the_tree_that_is_another_by_now_keeps_its_product_out(self, night, tmp_path):
        call_command("export", "tree", str(tmp_path / "tree"))
        drop_all_rows()
        (tmp_path / "tree" / "20160925" / STAR / "automated" / "frames.csv").write_bytes(b"others")
        report = TakeOver(night.store, night.inspector, night.now).run(tmp_path / "tree")
        assert report.left_out["path"] == 1
        # What is left of it is taken as the original's: a stack whose making nobody tells.
        assert night.product(ProductKind.BRIGHT).algorithm == "original"

    def test_the_archive_reads_its_own_tree_without_product_json(self, night, tmp_path):
        ratio = StrehlMeasurement.objects.get(product__kind="bright-strehl", product__subject=STAR).strehl_ratio
        call_command("export", "tree", str(tmp_path / "tree"))
        for path in (tmp_path / "tree").rglob("*.json"):
            path.unlink()
        drop_all_rows()
        TakeOver(night.store, night.inspector, night.now).run(tmp_path / "tree")
        back = StrehlMeasurement.objects.get(product__kind="bright-strehl", product__subject=STAR)
        # Five decimals of a percent.
        assert back.strehl_ratio == pytest.approx(ratio, abs=0.5e-7)
        assert (back.y_px, back.x_px, back.flag) == (4, 4, "OK")
        assert night.product(ProductKind.BRIGHT).state == "done"
