"""The archive's name, for templates that Django's own views render."""

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

register = template.Library()


@register.simple_tag
def site_title() -> str:
    """Name of this archive."""
    return str(settings.SITE["title"])


@register.simple_tag(takes_context=True)
def portal_login_url(context: template.Context) -> str:
    """Where a login through the observation portal begins; nothing where there is none."""
    if not settings.PORTAL.offers_login:
        return ""
    return reverse("portal-login") + "?" + urlencode({"next": context.get("next") or settings.LOGIN_REDIRECT_URL})
