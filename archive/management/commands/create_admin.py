"""`manage.py create_admin`: the first user of a private archive, and how to be that user."""

import argparse
import os
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.authtoken.models import Token

from archive.command import ArchiveCommand

NAME = "admin"


class Command(ArchiveCommand):
    help = "Make the superuser `admin`, and keep its password and token in a file. Safe to repeat."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--credentials", type=Path, required=True, metavar="FILE", help="where to write them, mode 0600"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["credentials"]
        if path.exists() and User.objects.filter(username=NAME, is_superuser=True).exists():
            return
        lines = self._new_credentials(path)
        self.stdout.write(f"The administrator of this archive, kept in {path}:\n\n{lines}")

    @transaction.atomic
    def _new_credentials(self, path: Path) -> str:
        """Set a new password and write it down; a file that can not be written leaves the old one in force."""
        password = secrets.token_urlsafe(18)
        user, _ = User.objects.get_or_create(username=NAME)
        user.is_superuser = user.is_staff = user.is_active = True
        user.set_password(password)
        user.save()
        token = Token.objects.get(user=user)
        lines = f"username={NAME}\npassword={password}\ntoken={token.key}\n"
        _write_private(path, lines)
        return lines


def _write_private(path: Path, text: str) -> None:
    """Write all of `text` or nothing, readable by its owner only."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    unfinished.replace(path)
