"""Who comes to the pages of staff, and a programme."""

import pytest
from django.contrib.auth.models import User

from archive.models import Proposal


@pytest.fixture
def programme():
    return Proposal.objects.create(id="P1", title="Rings")


@pytest.fixture
def sam():
    return User.objects.create_user("sam", is_staff=True)
