"""Users and the programmes that they hold."""

from collections.abc import Iterable

from django.contrib.auth.models import User

from archive.domain.science.tables import Row
from archive.models import Proposal
from pipeline.restoring.report import Report


def write_accounts(rows: Iterable[Row], *, report: Report) -> None:
    """Make the users that are not there, without a password: it is set anew. Those that are there stay as they are."""
    for row in rows:
        held = row.pop("holds")
        del row["row"]
        user, is_new = User.objects.get_or_create(username=row["username"], defaults=row)
        if not is_new:
            continue
        user.set_unusable_password()
        user.save(update_fields=["password"])
        for proposal_id in held:
            Proposal.objects.get_or_create(pk=proposal_id)[0].members.add(user)
        report.rows["user"] += 1
