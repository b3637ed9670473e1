"""Several who list the files of one computer at once: all of them commit, so these tests do."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from telemetry.inventory import take_entries, take_inventory
from telemetry.listing import Entry, Walk
from telemetry.models import File


@pytest.fixture
def telem(telemetry_tables, tmp_path):
    folder = tmp_path / "telem"
    folder.mkdir()
    for number in range(300):
        (folder / f"dev{number}_20240415223050997960288.bintel").write_bytes(b"x" * number)
    return folder


def test_four_inventories_at_once_write_each_file_once(telem):
    def take(_number: int) -> int:
        try:
            return take_inventory("aoc", [telem]).files
        finally:
            connections.close_all()  # of this thread

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(take, range(4))) == [300] * 4
    assert File.objects.count() == 300
    assert take_inventory("aoc", [telem]).writes == 0


def test_a_file_that_an_agent_told_of_while_an_inventory_walked_is_not_called_gone(telem, monkeypatch):
    take_inventory("aoc", [telem])
    files = Walk.files

    def tell_meanwhile(walk, top, among=()):
        yield from files(walk, top, among)
        take_entries("aoc", [Entry(str(telem / "new.log"), None, 1, 5, 7)])  # made after its folder was listed

    with monkeypatch.context() as patch:
        patch.setattr(Walk, "files", tell_meanwhile)
        assert take_inventory("aoc", [telem]).gone == 0
    assert take_inventory("aoc", [telem]).gone == 1
