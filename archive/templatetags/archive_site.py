"""The archive's name, for templates that Django's own views render."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def site_title() -> str:
    """Name of this archive."""
    return str(settings.SITE["title"])
