"""Words of the command line. Imports nothing that needs Django."""

import argparse
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

EXAMPLES = """
    A personal copy, from nothing to records:
        {prog} setup -c mine.toml
        {prog} inventory -c mine.toml
        {prog} ingest -c mine.toml --jobs 2

    Any key of the file can be said on the command line too:
        {prog} inventory hostname=exao1 'data_dirs=["/opt/MagAOX/telem"]' database.port=5433"""


class Parser(argparse.ArgumentParser):
    """Takes words `key=value` among the options, wherever they stand."""

    def __init__(self, **options: Any) -> None:
        options["epilog"] = textwrap.dedent(options.get("epilog") or "").strip() or None
        super().__init__(**options, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """The options, with `words` and all files of `-c`. Ends the process for what is not understood."""
        found, rest = self.parse_known_args(argv)
        for word in rest:
            if word.startswith("-") or "=" not in word:
                self.error(f"{word!r} is not understood; see {self.prog} -h")
        found.words = rest
        found.config = [*(found.config_first or []), *(getattr(found, "config", None) or [])]
        found.dump_config = found.dump_first or getattr(found, "dump_config", False)
        found.verbose = found.verbose_first or getattr(found, "verbose", False)
        return found

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def build_parser(prog: str) -> Parser:
    """All commands. A command's `run` names the module below `telemetry.cli` and its function."""
    parser = Parser(
        prog=prog,
        description="Instrument telemetry and file inventory: the database, its files and their copies.",
        epilog=EXAMPLES.format(prog=prog),
    )
    _add_common(parser, "config_first", "dump_first", "verbose_first")
    parser.set_defaults(run="")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)

    def add(name: str, run: str, about: str, *, example: str = "", aliases: Sequence[str] = ()) -> Parser:
        told = f"example:\n    {prog} {example}" if example else ""
        made: Parser = commands.add_parser(name, help=about, description=about, epilog=told, aliases=aliases)
        _add_common(made, "config", "dump_config", "verbose")
        made.set_defaults(run=run)
        return made

    _add_server(add)
    _add_files(add)
    _add_reading(add)
    replica = commands.add_parser("replica", help="Copies of files: where they are, made, checked, taken back.")
    _add_replica(replica, prog)
    bundle = commands.add_parser("bundle", help="Code tables and schemas that decode binary records.")
    _add_bundle(bundle, prog)
    return parser


def _add_common(parser: argparse.ArgumentParser, config: str, dump: str, verbose: str) -> None:
    parser.add_argument("-c", "--config", dest=config, action="append", metavar="FILE.toml", help="may be repeated")
    parser.add_argument("--dump-config", dest=dump, action="store_true", help="say what is configured, and end")
    parser.add_argument("-v", "--verbose", dest=verbose, action="store_true", help="name each file")


Add = Callable[..., Parser]


def _add_server(add: Add) -> None:
    setup = add(
        "setup", "server:setup", "Make the tables, or bring them up to date. Safe to repeat.", example="setup -c x.toml"
    )
    setup.add_argument("--roles", action="store_true", help="make the logins of [roles] too; asks for a superuser")
    setup.add_argument("--views", action="store_true", help="only make the views of event types anew")
    add("check", "server:check", "Is all there that telemetry needs? Each line is OK, or says what to do.")
    reset = add(
        "reset",
        "resetting:reset",
        "Take away: 1 all records, so that they are read from the files again; 2 the schema too (inventory, rows "
        "of copies, tokens, bundles), which is made anew; 3 the schema and the logins of [roles]. Files stay.",
        example="reset 1",
    )
    reset.add_argument("level", type=int, choices=(1, 2, 3))
    reset.add_argument("--yes", action="store_true", help="do not ask for the database's name")
    token = add("token", "server:token", "Make a secret for a host's agent. It is shown once.", example="token rtc")
    token.add_argument("host")
    token.add_argument("--revoke", action="store_true", help="take the host's tokens back; no new one is made")


def _add_files(add: Add) -> None:
    inventory = add(
        "inventory", "files:inventory", "List this computer's files, and bring the table to what is there.",
        example="inventory hostname=exao1 --dry-run",
    )  # fmt: skip
    inventory.add_argument("--dry-run", action="store_true", help="tell what would be written")
    inventory.add_argument(
        "--believe-empty", action="store_true", help="an empty data folder was emptied, not unmounted"
    )
    ingest = add(
        "ingest", "files:ingest", "Read the records of files that are new, grew or were written anew.",
        example="ingest --device camsci1 --since 2026-11-01 --jobs 4", aliases=["backfill"],
    )  # fmt: skip
    ingest.add_argument("--device", default="")
    ingest.add_argument("--since", type=_moment, metavar="UTC", help="only files changed since, as 2026-11-01T12:00")
    ingest.add_argument("--limit", type=_count, metavar="N", help="at most N files")
    ingest.add_argument("--jobs", type=_count, metavar="N", help="processes; else parallel_jobs")
    ingest.add_argument("--host", help="of this host; else of this computer; `any`: all that is within reach")
    ingest.add_argument("--dry-run", action="store_true", help="tell which files wait")

    add(
        "redecode", "schemas:redecode", "Read records that were kept as bytes by the newest bundle.", example="redecode"
    )
    add("agent", "agent:agent", "Send this computer's files to an archive as they grow.", example="agent -c agent.toml")


def _add_reading(add: Add) -> None:
    fetch = add(
        "fetch", "fetching:fetch", "Values of a key of a device as CSV.", example="fetch tcs ra 2026-11-01 2026-11-02"
    )
    fetch.add_argument("device")
    fetch.add_argument("key")
    fetch.add_argument("start", type=_moment)
    fetch.add_argument("end", type=_moment)
    fetch.add_argument("--event", default="", help="only of this event type")
    fetch.add_argument("--limit", type=_count, metavar="N")


def _add_replica(parser: argparse.ArgumentParser, prog: str) -> None:
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=Parser, required=True)

    def add(name: str, about: str, example: str) -> Parser:
        made: Parser = verbs.add_parser(
            name, help=about, description=about, epilog=f"example:\n    {prog} replica {example}"
        )
        _add_common(made, "config", "dump_config", "verbose")
        made.set_defaults(run=f"copies:{name.replace('-', '_')}")
        return made

    adding = add("add", "Name a folder, or ssh://host/folder, where copies are kept.", "add backup /mnt/backup")
    adding.add_argument("name")
    adding.add_argument("prefix")
    adding.add_argument("--import-origins", action="store_true", help="take what lies there into the inventory")
    add("list", "All locations, and what they lack.", "list -v")
    sync = add("sync", "Copy this computer's files that a location has not, or not as they are now.", "sync backup")
    sync.add_argument("--limit", type=_count, metavar="N")
    sync.add_argument("--dry-run", action="store_true", help="tell what would be copied")
    sync.add_argument("--every", type=_count, metavar="SECONDS", help="again and again, with this pause between")
    add("verify", "Read every byte of every copy again.", "verify backup")
    add("import-origins", "Take <prefix>/<host>/<path> into the inventory.", "import-origins backup")
    for name in ("sync", "verify", "import-origins"):
        verbs.choices[name].add_argument("name", help="of the location")


def _add_bundle(parser: argparse.ArgumentParser, prog: str) -> None:
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", parser_class=Parser, required=True)
    for name, about in (("add", "Decode with this folder or zip from now on."), ("list", "Bundles, the newest first.")):
        made = verbs.add_parser(
            name, help=about, description=about, epilog=f"example:\n    {prog} bundle add schemas.zip"
        )
        _add_common(made, "config", "dump_config", "verbose")
        made.set_defaults(run=f"schemas:{name}")
    verbs.choices["add"].add_argument("source", help="a folder or zip with one code table and .fbs texts")


def _moment(text: str) -> datetime:
    """A UTC time. Raises argparse's error for what is none."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-11-01 or 2026-11-01T12:00:00") from error
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
