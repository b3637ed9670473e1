"""`manage.py test --settings=test_settings` runs the suite, as users of Django expect."""

import subprocess
import sys
from typing import Any

from django.test.runner import DiscoverRunner


class PytestRunner(DiscoverRunner):
    """Hands over to pytest, in a process of its own: Django is already set up in this one."""

    def run_tests(self, test_labels: list[str], **_: Any) -> int:
        command = [sys.executable, "-m", "pytest", *(["-q"] if self.verbosity == 0 else []), *test_labels]
        return subprocess.run(command, check=False).returncode
