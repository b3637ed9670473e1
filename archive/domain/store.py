"""The file store that this archive is set to."""

from functools import lru_cache

from django.conf import settings

from archive.errors import FatalError
from ingest.stores.base import FileStore
from ingest.stores.factory import StoreSettings, make_store


@lru_cache(maxsize=4)
def _made(chosen: StoreSettings) -> FileStore:
    return make_store(chosen)


def the_store() -> FileStore:
    """One store per process for each setting; tests may change the setting."""
    return _made(settings.STORE)


def store_named(name: str) -> FileStore:
    """Store that holds an object's bytes.

    Raises FatalError when the archive is set to another one.
    """
    store = the_store()
    if store.name != name:
        raise FatalError(f"the bytes lie in the {name} store, but FILESTORE_TYPE is {store.name}: ask the staff.")
    return store


def forget_stores() -> None:
    """Make the stores anew when they are next asked for."""
    _made.cache_clear()
