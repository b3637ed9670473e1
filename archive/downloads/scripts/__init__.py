"""Programs that download a frozen selection, as text: the parts beside this file, and a line for each file.

No program holds a token. Its addresses lead to the selection, which asks for the reader's own token when its files are
not public, checks again at each file whether that reader may have it, and ends after a day. docs/decisions/0014 says
why they are not signed links.

A shell script keeps its files in a function that the last line calls, and Python in a list: cut short on its way, such
a script does nothing, instead of a part of its work.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
# The token goes in by a pipe: arguments can be read by everybody on the reader's computer.
ARIA2_OF_MEMBERS = (
    """awk '/^ header=/ { sub("ARCHIVE_TOKEN", ENVIRON["ARCHIVE_TOKEN"]) } 1' THIS_FILE | aria2c --input-file=-"""
)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a script. `algorithm` is sha256, or md5 while the archive has not read the bytes itself."""

    name: str
    size_bytes: int | None
    algorithm: str
    checksum: str
    address: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a script is made of. `is_private`: its files need their reader's token."""

    files: Iterable[File]
    count: int
    is_private: bool
    left_out: int


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of script. Its lines end in a line feed."""

    ending: str
    content_type: str
    lines: Callable[[Job], Iterator[str]]


def _shell(job: Job, *, fetch: str) -> Iterator[str]:
    yield _part("shell.sh")
    yield f"\nCOUNT={job.count}\nLEFT_OUT={job.left_out}\nPRIVATE={int(job.is_private)}\n"
    yield _part(fetch)
    yield "\nfiles() {\n"
    for file in job.files:
        size = "-" if file.size_bytes is None else str(file.size_bytes)
        yield f"get {shlex.join([file.name, size, file.algorithm, file.checksum, file.address])}\n"
    yield "}\n\nmain\n"


def _python(job: Job) -> Iterator[str]:
    yield f"{_part('download.py')}\n\nFILES = [\n"
    for file in job.files:
        # In ASCII: so it does not matter how an editor or a mail on the way takes it.
        values = (file.name, file.size_bytes, file.algorithm, file.checksum, file.address)
        yield f"    File({', '.join(map(ascii, values))}),\n"
    yield f"]\nsys.exit(main(FILES, is_private={job.is_private}, left_out={job.left_out}))\n"


def _aria2(job: Job) -> Iterator[str]:
    yield _part("aria2.txt")
    command = ARIA2_OF_MEMBERS if job.is_private else "aria2c --input-file=THIS_FILE"
    yield f"#\n#     {command}\n#\n# {job.count} files; {job.left_out} were left out, known to be damaged.\n"
    for file in job.files:
        algorithm = {"sha256": "sha-256"}.get(file.algorithm, file.algorithm)
        yield f"{file.address}\n out={file.name}\n checksum={algorithm}={file.checksum}\n"
        if job.is_private:
            yield " header=Authorization: Token ARCHIVE_TOKEN\n"
        yield " continue=true\n check-integrity=true\n allow-overwrite=true\n auto-file-renaming=false\n"


def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


KINDS = {
    "curl": Kind("curl.sh", "text/x-shellscript; charset=utf-8", partial(_shell, fetch="curl.sh")),
    "wget": Kind("wget.sh", "text/x-shellscript; charset=utf-8", partial(_shell, fetch="wget.sh")),
    "aria2": Kind("aria2.txt", "text/plain; charset=utf-8", _aria2),
    "python": Kind("download.py", "text/x-python; charset=utf-8", _python),
}
