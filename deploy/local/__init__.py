"""The private services of `make run` and `make test`, and what installs them."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - install.py runs on whatever python3 the machine has
    raise SystemExit("This needs Python 3.11 or later. Give its name: make PYTHON=python3.12 run")
