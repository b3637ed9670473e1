"""What the documents say is what the code does: every setting, route, event, column and package stands in them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from archive import models
from archive.enums import EventName
from settings.env import KNOWN
from telemetry import models as telemetry

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MOST_LINES = 500
SOURCES = {".py", ".html", ".css", ".js", ".ts", ".sql", ".sh"}


def documents() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS.rglob("*.md")])


def rows_of(text: str) -> Iterator[list[str]]:
    """Cells of each row of each table, without the heads."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") or (line.startswith("| ") and re.match(r"[A-Z0-9_]{4,}\b", cells[0])):
            yield cells


def documented_settings() -> dict[str, str]:
    rows = rows_of((DOCS / "settings.md").read_text(encoding="utf-8"))
    return {cells[0].strip("`"): cells[1].strip("`") for cells in rows}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Every route as the documents write it: `/frames/<id>/headers/`. Of Django's admin only its entry."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if route == "/admin/":
            yield route
        elif isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            named = re.sub(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>", lambda match: f"<{match[1] or match[2]}>", route)
            yield named.replace("^", "").replace("$", "").replace("<pk>", "<id>")


def pins(text: str) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE))


def files_of_project() -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def test_the_table_of_settings_is_what_the_archive_reads():
    assert documented_settings() == {name: variable.default for name, variable in KNOWN.items()}


def test_every_route_stands_in_the_documents():
    text = documents()
    found = set(routes(get_resolver().url_patterns))
    assert {"/frames/", "/frames/<id>/headers/", "/admin/", "/health/ready/"} <= found
    assert [route for route in sorted(found) if f"`{route}`" not in text] == []


def test_every_event_stands_in_the_documents():
    text = documents()
    assert [name.value for name in EventName if f"`{name.value}`" not in text] == []


@pytest.mark.parametrize(
    "model",
    [
        models.Frame,
        models.Version,
        models.StoredObject,
        models.Thumbnail,
        models.CachedImage,
        models.ColourPicture,
        models.SiteConfiguration,
        models.NightNote,
        models.Event,
        models.Relation,
        models.Exposure,
        models.ExposureFile,
        models.InfoImage,
        models.UploadTicket,
        models.ReceivedObject,
        models.UploadEntry,
        models.Observation,
        models.RawFile,
        models.QuarantinedFile,
        models.Product,
        models.ProductAttempt,
        models.ProductCancellation,
        models.ProductFile,
        models.PipelineSwitch,
        models.StrehlMeasurement,
        models.SeeingMeasurement,
        models.AoFile,
        models.MuseTarget,
        models.MuseTargetName,
        models.MuseExposure,
        models.MuseRaw,
        models.MuseFit,
        models.ReleaseChange,
        models.PeopleChange,
        models.Cart,
        telemetry.Recording,
        telemetry.File,
        telemetry.Damage,
        telemetry.Channel,
        telemetry.Bundle,
        telemetry.Location,
        telemetry.Replica,
    ],
    ids=lambda model: model.__name__,
)
def test_every_column_stands_in_the_glossary(model):
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    section = text.split(f"## {model.__name__}\n", 1)[-1].split("\n## ", 1)[0]
    columns = [field.name for field in model._meta.concrete_fields if field.name != "id"]
    assert [column for column in columns if f"| `{column}` |" not in section] == []


def test_every_package_that_we_chose_is_explained():
    runs, tests, _rest = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n\n", 2)
    explained = set(re.findall(r"^- \*\*([A-Za-z0-9_.-]+)\*\*", (DOCS / "dependencies.md").read_text(), re.MULTILINE))
    pinned_for_lint = pins((ROOT / "requirements-lint.txt").read_text(encoding="utf-8"))
    chosen = pins(runs) | pins(tests)
    assert sorted(chosen - explained) == []
    assert sorted(explained - chosen - pinned_for_lint) == []


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith(("http://", "https://"))]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_no_source_file_is_too_long_to_read():
    sources = [path for path in files_of_project() if path.suffix in SOURCES and "migrations" not in path.parts]
    assert len(sources) > 50
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}
