"""The scripts of the pages: their own tests, and what the policy of pages asks of them."""

import re

from deploy.local.client import BUILT, MODULES, run_node

# Not ours, and not changed: its glue for compiled code could evaluate text where a browser knows no globalThis. No page's
# policy lets it (tests/web/test_aladin.py), so that a page which tried would complain.
ALADIN = MODULES / "aladin-lite" / "dist" / "aladin.js"


def test_the_tests_of_the_scripts_pass():
    said = run_node("node_modules/vitest/vitest.mjs", "run", "--reporter", "verbose")
    assert re.search(r"Tests\s+\d+ passed \(\d+\)", re.sub(r"\x1b\[[\d;]*m", "", said))


def test_what_was_built_evaluates_no_text():
    scripts = [path.read_text(encoding="utf-8") for path in BUILT.glob("*.js")]
    scripts.remove(ALADIN.read_text(encoding="utf-8"))
    assert scripts
    assert [text for text in scripts if re.search(r"\beval\(|new Function\(", text)] == []
