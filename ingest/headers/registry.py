"""Which translator reads a file: by its name where that tells the instrument, else by its extension."""

from collections.abc import Mapping
from importlib import import_module

from archive.errors import FatalError
from ingest.headers import muse, ocs, roboao
from ingest.headers.record import FrameRecord
from ingest.headers.rules import HeaderRules
from ingest.headers.translator import Source, Translator

BY_EXTENSION: dict[str, Translator] = {
    ".fits.fz": ocs.translate_lco,
    ".tar.gz": ocs.translate_lco,
}


def translate(source: Source, rules: HeaderRules, *, overrides: Mapping[str, str]) -> FrameRecord:
    """Record of a file. `overrides` maps an extension to the dotted path of another translator.

    Raises UsageError when the header lacks what the archive needs, FatalError when an override can not be loaded.
    """
    if roboao.reads(source):
        return roboao.translate(source, rules)
    if muse.reads(source):
        return muse.translate(source, rules)
    path = overrides.get(source.extension)
    chosen = _load(path) if path else BY_EXTENSION.get(source.extension, ocs.translate)
    return chosen(source, rules)


def _load(path: str) -> Translator:
    module, _, name = path.rpartition(".")
    try:
        translator: Translator = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise FatalError(f"FILETYPE_MAPPING_OVERRIDES names {path}, which can not be loaded: {error}") from error
    return translator
