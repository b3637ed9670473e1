"""What templates of pages ask for: the head's links, and the scripts that Vite built."""

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from archive.web import client
from archive.web import navigation as head

register = template.Library()


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[head.Entry]:
    """Links of the head, for whoever asks."""
    request: HttpRequest = context["request"]
    return head.entries(request)


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
