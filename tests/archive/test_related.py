"""Related frames, and what OPTIONS tells."""

import pytest

from archive.enums import RelationKind
from archive.models import Frame
from ingest.headers.record import RelatedName
from tests.archive.bodies import body

SQUARE = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))


@pytest.fixture
def client(api, admin, store):
    return api(admin)


@pytest.fixture
def frame(client) -> Frame:
    return Frame.objects.get(pk=client.post("/frames/", body(), format="json").json()["id"])


class TestRelated:
    @pytest.fixture
    def family(self, frame_factory):
        hidden = frame_factory(public_date=None, proposal_id="PROP001")
        raw = frame_factory(footprint=SQUARE)
        names = (raw.basename, hidden.basename, "x-y-20250309-0001-b00")
        product = frame_factory(related=tuple(RelatedName(name, RelationKind.RELATED) for name in names))
        return {"hidden": hidden.pk, "raw": raw.pk, "product": product.pk}

    def test_it_is_a_bare_list_of_what_the_reader_may_see(self, family, api, alice, bob):
        for user, expected in ((None, ["raw"]), (bob, ["raw"]), (alice, ["hidden", "raw"])):
            answer = api(user).get(f"/frames/{family['product']}/related/").json()
            assert [row["id"] for row in answer] == [family[name] for name in expected]
        (back,) = api(None).get(f"/frames/{family['raw']}/related/").json()
        assert (back["id"], back["area"]) == (family["product"], None)

    def test_it_has_the_serializer_form(self, family, api):
        (shown,) = api(None).get(f"/frames/{family['product']}/related/").json()
        assert list(shown) == [
            "id", "basename", "area", "related_frames", "version_set", "filename", "url", "reduction_level",
            "observation_day", "observation_date", "proposal_id", "instrument_id", "target_name", "site_id", "telescope_id",
            "exposure_time", "primary_optical_element", "public_date", "configuration_type", "observation_id", "request_id",
        ]  # fmt: skip
        assert shown["related_frames"] == [family["product"]]
        assert list(shown["version_set"][0]) == ["id", "created", "key", "md5", "extension", "url"]

    def test_a_hidden_frame_has_no_related_page(self, family, api, bob):
        for user in (None, bob):
            assert api(user).get(f"/frames/{family['hidden']}/related/").status_code == 404

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_the_same_for_any_number(self, frame_factory, api, count, django_assert_num_queries):
        names = tuple(RelatedName(frame_factory().basename, RelationKind.RELATED) for _ in range(count))
        product = frame_factory(related=names)
        client = api(None)
        # the frame; related frames, versions, objects, relations in both directions, pictures of none
        with django_assert_num_queries(7):
            assert len(client.get(f"/frames/{product.pk}/related/").json()) == count


def test_options_tell_what_may_be_posted(client, api):
    told = client.options("/frames/").json()
    assert list(told) == ["name", "description", "renders", "parses", "actions"]
    assert told["name"] == "Frame List"
    assert told["renders"] == ["application/json", "text/html"]
    assert told["parses"] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    fields = told["actions"]["POST"]
    assert list(fields) == [
        "id", "basename", "area", "related_frames", "version_set", "headers", "filename", "url", "reduction_level",
        "observation_day", "observation_date", "proposal_id", "instrument_id", "target_name", "site_id", "telescope_id",
        "exposure_time", "primary_optical_element", "public_date", "configuration_type", "observation_id", "request_id",
        "related_frame_filenames",
    ]  # fmt: skip
    kinds = {name: (field["type"], field["required"], field["read_only"]) for name, field in fields.items()}
    assert kinds["id"] == ("integer", False, True)
    assert kinds["basename"] == ("string", True, False)
    assert kinds["area"] == kinds["headers"] == ("field", True, False)
    assert kinds["version_set"] == ("field", True, False)
    assert kinds["observation_day"] == ("date", True, False)
    assert kinds["configuration_type"] == ("choice", True, False)
    assert kinds["related_frame_filenames"] == ("list", True, False)
    assert {"value": "EXPOSE", "display_name": "EXPOSE"} in fields["configuration_type"]["choices"]
    assert list(fields["version_set"]["child"]["children"]) == ["id", "created", "key", "md5", "extension", "url"]
    assert "actions" not in api(None).options("/frames/").json()
