"""Info images: which files a channel of a site takes, what it shows, and until when."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import families
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
    """Let a channel show a family in place of what it showed, for INFO_IMAGE_HOURS from now. Hold both rows."""
    shown = image.exposure
    image.exposure, image.expires_at = exposure, at + settings.INFO_IMAGE_LIFETIME
    image.save(update_fields=["exposure", "expires_at"])
    if shown is not None and shown != exposure:
        families.delete_family(shown)


def shown(*, site: str, channel: int, at: datetime) -> InfoImage | None:
    """What a channel shows at `at`; None when nothing, or nothing any more. Raises as `require_channel`."""
    require_channel(channel)
    found = InfoImage.objects.select_related("exposure").filter(site_id=site, channel=channel, expires_at__gt=at)
    return found.filter(exposure__isnull=False).first()


def take_down(*, image_id: int) -> None:
    """Let a channel show nothing, and delete what it showed; the bytes go on commit. A channel stays announced."""
    with transaction.atomic():
        image = InfoImage.objects.select_for_update(of=("self",)).select_related("exposure").filter(pk=image_id).first()
        if image is None or image.exposure is None:
            return
        exposure = image.exposure
        image.exposure = image.expires_at = None
        image.save(update_fields=["exposure", "expires_at"])
        families.delete_family(exposure)


def _locked_channels(site: str) -> Sequence[InfoImage]:
    """All channels of a site, in order: who holds them holds the site's info images."""
    rows = [InfoImage(site_id=site, channel=channel) for channel in CHANNELS]
    InfoImage.objects.bulk_create(rows, ignore_conflicts=True)
    return list(InfoImage.objects.filter(site_id=site).order_by("channel").select_for_update())
