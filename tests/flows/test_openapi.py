"""Every operation of the OpenAPI document, asked what the document allows and what it does not: never a 500."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
import requests
from rest_framework.authtoken.models import Token

from archive.errors import FatalError
from deploy.local.ports import PortBlock
from deploy.local.venvs import CLIENTS, require_clients
from tests.factories import FrameFactory
from tests.flows.web_server import web_server

EXAMPLES = 15  # of each operation
PATIENCE_S = 540.0


@pytest.fixture
def port() -> Iterator[int]:
    block = PortBlock()
    yield block.take()
    block.release()


@pytest.fixture
def address(transactional_db, use_store, port, tmp_path) -> Iterator[str]:
    make = FrameFactory(use_store(type="local", root_dir=str(tmp_path), base_url=f"http://127.0.0.1:{port}/"))
    for _ in range(3):
        make(request_id=1, observation_id=1)
    with web_server(port) as running_at:
        yield running_at


# Coverage goes through the borders of every parameter in turn: of lists, which have fifty, that would take many minutes.
WRITES = [word for method in ("POST", "PUT", "PATCH", "DELETE") for word in ("--include-method", method)]
# Downloads take the terms of lists, and to put or to patch takes the body that is posted: minutes, for `make faults`.
REPEATED = (
    "POST /downloads/",
    *(f"{method} /{kind}/{{id}}/" for method in ("PUT", "PATCH") for kind in ("frames", "thumbnails")),
)
ALL_BUT_REPEATED = [*WRITES, *(word for name in REPEATED for word in ("--exclude-name", name))]
ONLY_REPEATED = [word for name in REPEATED for word in ("--include-name", name)]


@pytest.mark.parametrize(
    ("phase", "operations"),
    [
        ("fuzzing", []),
        ("coverage", ALL_BUT_REPEATED),
        pytest.param("coverage", ONLY_REPEATED, marks=pytest.mark.faults),
    ],
)
def test_no_request_is_answered_500(address, admin, tmp_path, phase, operations):
    try:
        require_clients()
    except FatalError as error:
        pytest.skip(str(error))
    report = tmp_path / "report.ndjson"
    done = subprocess.run(
        [
            str(CLIENTS / "bin" / "schemathesis"), "run", f"{address}/openapi/?format=json",
            "--header", f"Authorization: Token {Token.objects.get(user=admin).key}",
            "--checks", "not_a_server_error",
            "--phases", phase, *operations,
            "--workers", "2",
            "--mode", "all",
            "--max-examples", str(EXAMPLES),
            "--seed", "1",
            "--continue-on-failure",
            "--exclude-path", "/revoke_token/",  # it would take the token of all that follows
            "--report", "ndjson", "--report-ndjson-path", str(report),
            "--request-timeout", "60",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    asked = re.search(r"Tested:\s+(\d+)|Operations:\s+(\d+) selected", done.stdout)
    assert asked, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout[-20_000:]


def test_the_document_knows_every_operation_of_frames(address):
    document = requests.get(f"{address}/openapi/?format=json", timeout=60).json()
    assert document["openapi"].startswith("3.")
    operations = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert {("get", "/frames/"), ("post", "/frames/"), ("get", "/frames/{id}/")} <= operations
    undescribed = [
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"} and not operation.get("summary")
    ]
    assert undescribed == []
    assert json.dumps(document).count('"description"') > 50
