"""`manage.py test --settings=test_settings` runs the suite, as users of Django expect."""

import subprocess
import sys
from typing import Any

from django.test.runner import DiscoverRunner

ALL_IN_TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")  # as `make test` does


class PytestRunner(DiscoverRunner):
    """Hands over to pytest, in a process of its own: Django is already set up in this one."""

    def run_tests(self, test_labels: list[str], **_: Any) -> int:
        quietly = ["-q"] if self.verbosity == 0 else []
        command = [sys.executable, "-m", "pytest", *quietly, *(test_labels or ALL_IN_TWO)]
        return subprocess.run(command, check=False).returncode
