"""Bundles of observations, files of nights and scripts for nights: what each reader gets, whole and resumable."""

import io
import subprocess
import zipfile
from datetime import timedelta

import pytest

from archive.enums import ProductKind, ProductState
from archive.models import Frame, Observation, ProductFile, StoredObject
from tests.factories import AO_OBSERVED_AT, AOFactory

pytestmark = pytest.mark.django_db
NEVER = None


@pytest.fixture
def reduced(ao: AOFactory) -> Observation:
    """An observation of PROP001, not public, of which some products have files."""
    observation = ao.observation(public_date=NEVER)
    bright = ao.product(observation)
    ao.file(bright, "stack", content=b"a" * 3000)
    ao.file(bright, "frames", content=b"b" * 40, filename="frames.csv")
    ao.file(bright, "product", content=b"c", filename="product.json")
    ao.file(ao.product(observation, kind=ProductKind.BRIGHT_STREHL), "legacy", content=b"d", filename="a_strehl.txt")
    stale = ao.product(observation, kind=ProductKind.FAINT, state=ProductState.STALE)
    ao.file(stale, "frames", content=b"old", filename="frames.csv")
    return observation


def bundle(api, user, observation, **headers):
    return api(user).get(f"/observations/{observation.name}/bundle/", headers=headers)


def bytes_in(answer) -> bytes:
    return b"".join(answer)


class TestBundle:
    def test_current_files_lie_in_the_folders_of_the_original(self, reduced, api, alice):
        answer = bundle(api, alice, reduced)
        assert answer["Content-Disposition"] == f"attachment; filename={reduced.name}.zip"
        content = bytes_in(answer)
        assert len(content) == int(answer["Content-Length"])
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            assert found.testzip() is None
            held = {name: found.read(name)[:1] for name in found.namelist()}
        stack = ProductFile.objects.get(role="stack").filename
        assert held == {
            f"{reduced.name}/automated/frames.csv": b"b",
            f"{reduced.name}/automated/product.json": b"c",
            f"{reduced.name}/automated/{stack}": b"a",
            f"{reduced.name}/automated/strehl/a_strehl.txt": b"d",
        }

    def test_any_rest_of_it_is_the_same_zip(self, reduced, api, alice):
        whole = bundle(api, alice, reduced)
        content = bytes_in(whole)
        for start in (0, 1, 57, 1500, len(content) - 1):
            part = bundle(api, alice, reduced, Range=f"bytes={start}-", **{"If-Range": whole["ETag"]})
            assert bytes_in(part) == content[start:]
        assert bundle(api, alice, reduced, Range=f"bytes={len(content)}-").status_code == 416

    def test_other_files_are_another_zip(self, reduced, ao, api, alice):
        before = bundle(api, alice, reduced)["ETag"]
        assert bundle(api, alice, reduced)["ETag"] == before
        ao.file(ao.product(reduced, kind=ProductKind.BRIGHT_PREVIEW), "full")
        changed = bundle(api, alice, reduced, Range="bytes=5-", **{"If-Range": before})
        assert (changed.status_code, changed["ETag"] == before) == (200, False)

    def test_it_is_for_those_who_may_see_the_observation(self, reduced, api, alice, bob, erin):
        assert [bundle(api, user, reduced).status_code for user in (alice, erin)] == [200, 200]
        missing = api(bob).get("/observations/none/bundle/")
        for user in (bob, None):
            assert (bundle(api, user, reduced).content, missing.status_code) == (missing.content, 404)

    def test_hidden_on_its_way_it_breaks_off_before_its_end(self, reduced, api, alice, monkeypatch):
        monkeypatch.setattr("archive.downloads.bundles.HOLDS_S", 0.0)
        blocks = iter(bundle(api, alice, reduced))
        begun = next(blocks)
        Observation.objects.update(proposal_id="P2")
        with pytest.raises(Exception, match="has changed since"):
            begun += b"".join(blocks)
        assert not zipfile.is_zipfile(io.BytesIO(begun))

    def test_a_frame_that_is_hidden_alone_and_damaged_bytes_are_left_out(self, reduced, api, alice):
        Frame.objects.update(proposal_id="P2", public_date=NEVER)
        StoredObject.objects.filter(product_file__role="frames").update(fault="its MD5 is another", verified_at=None)
        with zipfile.ZipFile(io.BytesIO(bytes_in(bundle(api, alice, reduced)))) as found:
            assert [name.rpartition("/")[2] for name in found.namelist()] == ["product.json", "a_strehl.txt"]

    def test_bytes_that_nobody_has_read_are_409_and_nothing_made_404(self, reduced, ao, api, alice):
        StoredObject.objects.filter(product_file__role="frames").update(crc32=None, verified_at=None)
        assert bundle(api, alice, reduced).status_code == 409
        assert bundle(api, None, ao.observation()).status_code == 404


class TestNight:
    @pytest.fixture
    def night(self, reduced, ao):
        shown = ao.observation(proposal_id="P2", observed_at=AO_OBSERVED_AT + timedelta(hours=1))
        ao.file(ao.product(shown), "frames", filename="frames.csv")
        seeing = ao.seeing()
        ao.file(seeing.product, "fit", content=b"fit")
        plot = ao.product(kind=ProductKind.NIGHT_STREHL, subject="night_20160925")
        ao.file(plot, "plot", content=b"plot", filename="strehl.20160925.png")
        ao.file(plot, "product", content=b"{}", filename="product.json")
        return AO_OBSERVED_AT.date().isoformat()

    def names(self, api, user, night, terms="format=curl") -> set[str]:
        answer = api(user).get(f"/nights/{night}/script/?{terms}")
        assert answer.status_code == 200, answer.content
        lines = bytes_in(answer).decode().splitlines()
        return {
            line.split()[1].partition("/")[2].replace("4.1_351_Yrsa_VIC_Si_o_", "")
            for line in lines
            if line.startswith("get 2016")
        }

    def test_a_script_names_what_each_reader_may_see(self, night, api, alice, admin):
        public = self.names(api, None, night)
        assert len(public) == 2  # the frames.csv of P2, and the fit of the seeing
        mine = self.names(api, alice, night)
        assert public < mine
        assert {name for name in mine if name.startswith("summary/") and "seeing" not in name} == {
            "summary/strehl.20160925.png",
            "summary/night-strehl.json",
        }
        of_p2 = self.names(api, admin, night, "format=curl&proposal_id=P2")
        assert len(mine - of_p2) == 4  # the files of the one observation of PROP001
        assert of_p2 < mine

    def test_every_address_in_it_gives_its_file_to_whoever_it_was_made_for(self, night, api, alice):
        text = bytes_in(api(alice).get(f"/nights/{night}/script/?format=python")).decode()
        assert "is_private=True" in text
        assert alice.auth_token.key not in text
        listed = text.partition("\nFILES = ")[2].partition("\nsys.exit")[0]
        files = eval(listed, {"File": lambda *values: values})
        assert len(files) == 8
        for name, size_bytes, _algorithm, _checksum, address in files:
            assert len(bytes_in(api(alice).get(address))) == size_bytes, name

    def test_the_shell_script_is_one(self, night, api, alice, tmp_path):
        script = tmp_path / "get.sh"
        script.write_bytes(bytes_in(api(alice).get(f"/nights/{night}/script/?format=wget")))
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0

    def test_a_plot_has_an_address_for_those_who_may_see_the_whole_night(self, night, api, alice, bob):
        address = f"/nights/{night}/products/night_20160925/night-strehl/plot"
        assert bytes_in(api(alice).get(address)) == b"plot"
        assert [api(user).get(address).status_code for user in (bob, None)] == [404, 404]
        Observation.objects.update(public_date=AO_OBSERVED_AT)
        assert bytes_in(api(None).get(address)) == b"plot"

    @pytest.mark.parametrize(
        "address", ["2016-09-25/script/", "yesterday/script/?format=curl", "1999-01-01/script/?format=curl"]
    )
    def test_what_can_not_be_answered_says_why(self, night, api, address):
        assert api(None).get(f"/nights/{address}").status_code in {400, 404}
