"""The process that reads foreign files for `ingest.sandbox`: one question in, one answer out, until its parent is gone.

It has no secrets in its environment, can write no file, and is limited in memory and time. It answers in JSON, for
whoever takes over this process through a fault of a C library must not get into its parent by a pickle.
A fault that it does not foresee ends it: the parent refuses the file and starts another.
"""

import base64
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import structlog
from astropy import log as astropy_log
from astropy.utils import data as astropy_data
from astropy.utils import iers
from PIL import Image

from archive.errors import UsageError
from ingest import sky_grid
from ingest.ao_content import content_of
from ingest.cards import clean_text, parse_cards
from ingest.fits import inspect_beginning, inspect_file
from ingest.footprint import footprint_of
from ingest.inspection import CircleKeys, Limits
from ingest.small_picture import shrink_picture
from ingest.text_header import read_text_header

PARENT_CHECK_S = 5.0
GRACE_S = 2.0  # the parent stops a slow child first, and says so; the alarm is for a child without a parent
LENGTH_BYTES = 8
WARM_UP = {
    "SIMPLE": True,
    "NAXIS": 2,
    "NAXIS1": 9,
    "NAXIS2": 9,
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CDELT1": -0.1,
    "CDELT2": 0.1,
    "RADESYS": "FK5",
}


def main() -> None:
    limits, circle = Limits(**json.loads(sys.argv[1])), CircleKeys(**json.loads(sys.argv[2]))
    answers = _own_answers()
    remarks: list[dict[str, Any]] = []
    _keep_remarks(remarks)
    _forbid_network()
    astropy_log.setLevel("ERROR")  # its remarks on foreign headers are long, and of no use to the operator
    footprint_of([WARM_UP])  # what is loaded at first use is loaded before memory is limited
    Image.preinit()
    _limit_process(limits)
    _send(answers, {"ready": True})
    parent = os.getppid()
    for question in _questions(parent):
        _start_clocks(limits)
        answer = _answer(question, limits, circle)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, answer | {"remarks": remarks})
        if "memory" in answer:
            return  # the heap may be in pieces: the parent starts another process
        remarks.clear()


def _answer(question: Mapping[str, Any], limits: Limits, circle: CircleKeys) -> dict[str, Any]:
    path = Path(question["path"])
    try:
        return {"found": _found(question, path, limits, circle)}
    except UsageError as error:
        return {"usage": str(error)}
    except MemoryError:
        return {"memory": True}
    except OSError as error:
        return {"transient": f"{path.name} could not be read ({error}): try again."}


def _found(question: Mapping[str, Any], path: Path, limits: Limits, circle: CircleKeys) -> Any:
    match question["task"]:
        case "read_text_header":
            found: Any = read_text_header(path, most_bytes=limits.header_bytes)
        case "shrink_picture":
            made = shrink_picture(path, height_px=question["height_px"])
            jpeg = base64.b64encode(made.jpeg).decode("ascii")
            found = {"jpeg": jpeg, "width_px": made.width_px, "height_px": made.height_px}
        case "read_ao_content":
            found = content_of(path, instrument_id=question["instrument_id"]).to_plain()
        case "sky_grid" | "sky_spot":
            found = _on_the_sky(question, path)
        case "inspect_beginning":
            found = inspect_beginning(path, limits=limits, circle=circle).to_plain()
        case _:
            found = inspect_file(path, limits=limits, circle=circle).to_plain()
    return found


def _on_the_sky(question: Mapping[str, Any], path: Path) -> Any:
    """Of the cards in a file: directions of a region, or where a direction is."""
    cards = parse_cards(clean_text(path.read_bytes()))
    if question["task"] == "sky_spot":
        return asdict(sky_grid.spot_of(cards, ra_deg=question["ra_deg"], dec_deg=question["dec_deg"]))
    return sky_grid.sky_grid(cards, **{name: question[name] for name in ("x0", "y0", "width", "height")})


def _own_answers() -> BinaryIO:
    """Keep the way to the parent for answers alone; what anything prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _keep_remarks(remarks: list[dict[str, Any]]) -> None:
    """Hand log events to the parent, which knows how and where this installation logs."""

    def keep(_logger: object, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        remarks.append({"level": level} | dict(event))
        raise structlog.DropEvent

    structlog.configure(processors=[keep])


def _forbid_network() -> None:
    iers.conf.auto_download = False
    astropy_data.conf.allow_internet = False


def _limit_process(limits: Limits) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    address_space = pages * resource.getpagesize() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _start_clocks(limits: Limits) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time()) + 1 + limits.cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s + GRACE_S)


def _questions(parent: int) -> Iterator[dict[str, Any]]:
    """Questions as they come, one JSON text a line, until the parent closes the pipe or is no more."""
    while True:
        # A process that the parent forked may hold the pipe open after the parent's end.
        while not select.select([0], [], [], PARENT_CHECK_S)[0]:
            if os.getppid() != parent:
                return
        # One question at a time is asked, so nothing of the next line waits in the buffer unseen by select.
        line = sys.stdin.buffer.readline()
        if not line:
            return
        yield json.loads(line)


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    body = json.dumps(answer, allow_nan=False).encode()
    answers.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    answers.flush()


if __name__ == "__main__":
    main()
