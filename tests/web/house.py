"""An archive for the tests of one page: rows that are committed, files in a local store, people, a web process."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from PIL import Image

from archive.domain import store as store_module
from archive.domain.objects import NewObject
from archive.domain.thumbnails import NewThumbnail, register_previews
from archive.models import Frame
from deploy.local.ports import PortBlock
from ingest.checksums import digest_of
from ingest.stores.base import FileStore, Upload
from tests.factories import AOFactory, FrameFactory
from tests.flows.web_server import web_server

PREVIEWS = {"small": 128, "medium": 512}


@dataclass
class House:
    """What `lay(house)` of a module is given. What it puts into `things`, the tests find there."""

    root: Path
    url: str
    store: FileStore
    sessions: dict[str, str] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    @property
    def frames(self) -> FrameFactory:
        return FrameFactory(self.store)

    @property
    def ao(self) -> AOFactory:
        return AOFactory(self.frames)

    def user(self, name: str, **flags: Any) -> User:
        """A user who is logged in: `visit(name)` comes as that user."""
        # As the web process checks it, whose settings are not those of the tests; one round is enough for a test.
        known = PBKDF2PasswordHasher().encode(f"{name}-pass", "salt", iterations=1)
        user = User.objects.create(username=name, password=known, **flags)
        client = Client()
        client.force_login(user)
        self.sessions[name] = client.cookies["sessionid"].value
        return user

    def preview(self, frame: Frame) -> None:
        """Pictures of a frame: stars, other ones for each."""
        made = []
        picture = stars(frame.pk % 12)
        for size, width_px in PREVIEWS.items():
            content = io.BytesIO()
            picture.resize((width_px, width_px)).save(content, "JPEG")
            file = self.root / f"{frame.pk}-{size}.jpg"
            file.write_bytes(content.getvalue())
            digest = digest_of(file)
            stored = self.store.put(file, Upload(f"previews/{file.name}", digest, "image/jpeg"))
            new = NewObject(self.store.name, stored.path, stored.version_id, digest.md5, digest)
            made.append(NewThumbnail(new, size=size, basename=f"{frame.basename}-{size}", extension=".jpg"))
        with transaction.atomic():
            register_previews(version=frame.versions.get(), pictures=made, at=timezone.now())


@lru_cache
def stars(seed: int) -> Image.Image:
    """A made-up field of stars."""
    chance = np.random.default_rng(seed)
    width_px = PREVIEWS["medium"]
    y, x = np.mgrid[-9:10, -9:10]
    field = chance.normal(18, 4, (width_px, width_px))
    for flux in chance.pareto(1.2, 60) * 40 + 40:
        top, left = chance.integers(0, width_px - 19, 2)
        field[top : top + 19, left : left + 19] += flux * np.exp(-(y**2 + x**2) / 14.0)
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8))


@contextmanager
def house_of(root: Path, port: int) -> Iterator[House]:
    """A house without a web process. All rows go when it ends."""
    url = f"http://127.0.0.1:{port}"
    files = root / "store"
    files.mkdir()
    local = replace(settings.STORE, type="local", root_dir=str(files), base_url=f"{url}/")
    with override_settings(STORE=local):
        store_module.forget_stores()
        yield House(root, url, store_module.the_store())
        call_command("flush", interactive=False, verbosity=0)
    store_module.forget_stores()


@contextmanager
def open_house(house: House, port: int) -> Iterator[None]:
    with web_server(port, STREAM_URL=""):  # no stream runs beside it
        yield


@contextmanager
def port_of_test() -> Iterator[int]:
    ports = PortBlock()
    try:
        yield ports.take()
    finally:
        ports.release()
