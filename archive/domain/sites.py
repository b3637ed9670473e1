"""Configurations of sites: each change is a new version, and none is lost."""

import json
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from archive.domain.refusals import plain_refusals
from archive.domain.site_schema import require_valid
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Site, SiteConfiguration

MOST_BYTES = 1 << 20


def current() -> QuerySet[SiteConfiguration]:
    """The configuration that holds at each site that has one, by site."""
    newest = SiteConfiguration.objects.filter(site=OuterRef("site")).order_by("-number").values("pk")[:1]
    return SiteConfiguration.objects.filter(pk=Subquery(newest), configuration__isnull=False).order_by("site")


def history_of(site_id: str) -> QuerySet[SiteConfiguration]:
    """Every version of a site's configuration, newest first."""
    return SiteConfiguration.objects.filter(site=site_id).order_by("-number")


def configuration_of(site_id: str, *, number: int | None = None) -> SiteConfiguration:
    """The configuration that holds at a site, or an earlier version of it.

    Raises NotFoundError when there is none.
    """
    versions = history_of(site_id)
    found = (versions if number is None else versions.filter(number=number)).first()
    if found is None:
        what = "configuration" if number is None else f"version {number} of its configuration"
        raise NotFoundError(f"site {site_id} has no {what}.")
    if found.configuration is None:
        raise NotFoundError(
            f"the configuration of site {site_id} was deleted at {found.changed_at:%Y-%m-%dT%H:%M:%SZ}: "
            f"version={found.number - 1} is what held before."
        )
    return found


def configure(
    site_id: str, configuration: object, *, by: str, at: datetime, expected: frozenset[int] | None = None
) -> tuple[SiteConfiguration, bool]:
    """Let this configuration hold at a site; and whether there was none before. What holds already is no new version.

    `expected` are the numbers of which one must hold now; 0 is none.

    Raises UsageError when the schema does not allow it, ConflictError when another version holds than expected.
    """
    require_valid(configuration)
    if len(json.dumps(configuration)) > MOST_BYTES:
        raise UsageError(
            f"the configuration has more than {MOST_BYTES} bytes: keep files elsewhere and their links here."
        )
    with plain_refusals(), transaction.atomic():
        before = _locked(site_id, expected)
        if before is not None and before.configuration == configuration:
            return before, False
        return _added(site_id, before, configuration, by=by, at=at), before is None or before.configuration is None


def delete_configuration(site_id: str, *, by: str, at: datetime, expected: frozenset[int] | None = None) -> None:
    """Let no configuration hold at a site any more; earlier versions stay.

    Raises NotFoundError when there is none, ConflictError when another version holds than expected.
    """
    with transaction.atomic():
        before = _locked(site_id, expected)
        configuration_of(site_id)
        _added(site_id, before, None, by=by, at=at)


def site_row(site_id: str) -> Site:
    """The row of a site, made when it is first needed."""
    with plain_refusals(), transaction.atomic():
        Site.objects.bulk_create([Site(id=site_id)], ignore_conflicts=True)
        return Site.objects.get(id=site_id)


def _locked(site_id: str, expected: frozenset[int] | None) -> SiteConfiguration | None:
    """The newest version; the site's row is locked to the end of the transaction, so that changes take turns."""
    site_row(site_id)
    Site.objects.select_for_update(no_key=True).get(id=site_id)
    newest = history_of(site_id).first()
    holds = newest.number if newest is not None and newest.configuration is not None else 0
    if expected is not None and holds not in expected:
        now = f"version {holds} holds" if holds else "it has none"
        raise ConflictError(f"the configuration of site {site_id} is another by now ({now}): read it and change that.")
    return newest


def _added(
    site_id: str,
    before: SiteConfiguration | None,
    configuration: object,
    *,
    by: str,
    at: datetime,
) -> SiteConfiguration:
    number = 1 if before is None else before.number + 1
    return SiteConfiguration.objects.create(
        site_id=site_id, number=number, configuration=configuration, changed_by=by, changed_at=at
    )
