"""What templates of pages ask for: the head's links, and the scripts that Vite built."""

from datetime import datetime, timedelta

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from archive.web import client
from archive.web import navigation as head
from archive.web.cart import holder

register = template.Library()
NOTHING = "\N{EN DASH}"


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[head.Entry]:
    """Links of the head, for whoever asks."""
    request: HttpRequest = context["request"]
    return head.entries(request)


@register.simple_tag(takes_context=True)
def frames_in_cart(context: template.Context) -> int:
    """How many frames this reader has put together."""
    return holder.number_in(context["request"])


@register.simple_tag
def client_script(name: str) -> SafeString:
    """`{% client_script "search" %}`: the tags of client/src/search.ts, and of what it shares with other pages."""
    script = client.script(name)
    if script is None:
        return SafeString()
    shared = format_html_join("", '<link rel="modulepreload" href="{}">', ((static(path),) for path in script.shared))
    return format_html('{}<script type="module" src="{}"></script>', shared, static(script.file))


@register.simple_tag
def htmx() -> SafeString:
    """The tag of htmx. Its settings stand in base.html."""
    return format_html('<script src="{}" defer></script>', static("vendor/htmx-2.0.11/htmx.min.js"))


@register.filter
def grouped(number: int) -> str:
    """A number as people read it: 1,234,567."""
    return f"{number:,}"


@register.filter
def lasting(time: timedelta | None) -> str:
    """A time as people say it, in its largest units: 3 d 4 h, 12 min, 41 s."""
    if time is None:
        return NOTHING
    left_s = abs(int(time.total_seconds()))
    words: list[str] = []
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, left_s = divmod(left_s, length_s)
        if number or (unit == "s" and not words):
            words.append(f"{number} {unit}")
        elif words:  # of two days and four seconds nobody wants to know the seconds
            break
    return ("-" if time < timedelta(0) else "") + " ".join(words[:2])


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now` something was."""
    return NOTHING if moment is None else lasting(now - moment)
