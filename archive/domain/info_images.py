"""Info images: which files a channel of a site takes, what it shows, and until when."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from archive.domain import families
from archive.domain.expiring import FOR_EVER, life_time
from archive.enums import ExpiringKind
from archive.errors import ConflictError, UsageError
from archive.models import Exposure, InfoImage
from archive.models.info_image import CHANNELS

logger = structlog.get_logger(__name__)


def announce(*, site: str, channel: int, base: str, at: datetime) -> None:
    """Say that files called `base` will come for a channel of a site, and no longer those that were announced before.

    What the channel shows stays until the first of them is there. To repeat it is safe. Raises UsageError for a
    channel that there is none of, ConflictError when the base is another channel's.
    """
    require_channel(channel)
    with transaction.atomic():
        channels = _locked_channels(site)
        for other in channels:
            if other.announced_name == base and other.channel != channel:
                raise ConflictError(f"{base} is announced for channel {other.channel} of {site}: give the next number.")
        chosen = next(image for image in channels if image.channel == channel)
        chosen.announced_name, chosen.announced_at = base, at
        chosen.save(update_fields=["announced_name", "announced_at"])


def require_channel(channel: int) -> None:
    """Raise UsageError unless a site has such a channel."""
    if channel not in CHANNELS:
        raise UsageError(f"There is no channel {channel}: a site has {', '.join(map(str, CHANNELS))}.")


def locked_channel(*, site: str, base: str) -> InfoImage:
    """The channel for which files called `base` were announced, locked to the end of the transaction.

    Raises UsageError when they were announced for none, or something else since.
    """
    for image in _locked_channels(site):
        if image.announced_name == base:
            return image
    logger.warning("info_image_refused", site=site, base=base)
    raise UsageError(f"{base} is announced for no channel of {site}, or another was since: ask for an upload first.")


def show(image: InfoImage, exposure: Exposure, *, at: datetime) -> None:
    """Let a channel show a family in place of what it showed, as long as the rules say, from now. Hold both rows."""
    shown = image.exposure
    values = {"site_id": exposure.site_id, "instrument_id": exposure.instrument_id, "data_type": exposure.data_type}
    image.exposure, image.expires_at = exposure, at + (life_time(ExpiringKind.INFO_IMAGE, **values) or FOR_EVER)
    image.save(update_fields=["exposure", "expires_at"])
    if shown is not None and shown != exposure:
        families.delete_family(shown)


def shown(*, site: str, channel: int, at: datetime) -> InfoImage | None:
    """What a channel shows at `at`; None when nothing, or nothing any more. Raises as `require_channel`."""
    require_channel(channel)
    found = InfoImage.objects.select_related("exposure").filter(site_id=site, channel=channel, expires_at__gt=at)
    return found.filter(exposure__isnull=False).first()


def shown_at(site: str, *, at: datetime) -> dict[int, InfoImage]:
    """What each channel of a site shows at `at`; those that show nothing are left out."""
    found = InfoImage.objects.filter(site_id=site, expires_at__gt=at, exposure__isnull=False)
    return {image.channel: image for image in found.order_by("channel")}


def hold_channels_of(exposure_ids: Sequence[int]) -> None:
    """Lock the channels of the sites of these info images: their writers lock these first."""
    sites = Exposure.objects.filter(pk__in=exposure_ids).values("site_id")
    list(InfoImage.objects.filter(site_id__in=sites).order_by("site_id", "channel").select_for_update())


def _locked_channels(site: str) -> Sequence[InfoImage]:
    """All channels of a site, in order: who holds them holds the site's info images."""
    rows = [InfoImage(site_id=site, channel=channel) for channel in CHANNELS]
    InfoImage.objects.bulk_create(rows, ignore_conflicts=True)
    return list(InfoImage.objects.filter(site_id=site).order_by("channel").select_for_update())
