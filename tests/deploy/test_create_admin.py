import stat

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import call_command
from rest_framework.authtoken.models import Token

from deploy.local.files import read_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def credentials(tmp_path):
    return tmp_path / "credentials"


def test_the_file_opens_the_account_of_a_superuser_and_is_for_its_owner_only(credentials):
    call_command("create_admin", credentials=credentials)
    values = read_values(credentials)
    assert list(values) == ["username", "password", "token"]
    assert authenticate(username="admin", password=values["password"]) == User.objects.get(is_superuser=True)
    assert values["token"] == Token.objects.get(user__username="admin").key
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


def test_a_second_time_changes_nothing_and_prints_nothing(credentials, capsys):
    call_command("create_admin", credentials=credentials)
    first = credentials.read_text()
    assert first in capsys.readouterr().out
    call_command("create_admin", credentials=credentials)
    assert credentials.read_text() == first
    assert capsys.readouterr().out == ""


def test_a_lost_file_is_written_again_with_a_new_password_and_the_same_token(credentials):
    call_command("create_admin", credentials=credentials)
    old = read_values(credentials)
    credentials.unlink()
    call_command("create_admin", credentials=credentials)
    new = read_values(credentials)
    assert new["token"] == old["token"]
    assert authenticate(username="admin", password=old["password"]) is None
    assert authenticate(username="admin", password=new["password"]) == User.objects.get()


def test_a_file_that_can_not_be_written_leaves_the_old_password_in_force(credentials, tmp_path):
    call_command("create_admin", credentials=credentials)
    password = read_values(credentials)["password"]
    with pytest.raises(FileNotFoundError):
        call_command("create_admin", credentials=tmp_path / "no such folder" / "credentials")
    assert authenticate(username="admin", password=password)
