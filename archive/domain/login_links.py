"""Links with which a user sets a password: Django's own tokens, which hold for some days and for one password."""

from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from archive.errors import TransientError


def parts_for(user: User) -> dict[str, str]:
    """What the address of such a link is made of. A login, a new password or another address of the user ends it."""
    return {
        "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }


def days_valid() -> int:
    """How long a link holds."""
    return int(settings.PASSWORD_RESET_TIMEOUT // 86_400)


def is_mailed(user: User) -> bool:
    """Whether a link goes to its user by itself; otherwise who made it hands it over."""
    return bool(settings.EMAIL_HOST and user.email)


def mail(user: User, *, url: str) -> None:
    """Send a link to its user. Raises TransientError when that fails."""
    title = settings.SITE["title"].replace("\n", " ").replace("\r", " ")
    lines = [
        f"You have an account at {title}. Your user name is {user.username}.",
        "",
        "Set your password here:",
        url,
        "",
        f"The link holds for {days_valid()} days, and for one password. Who did not expect it may forget it.",
    ]
    try:
        send_mail(f"Your account at {title}", "\n".join(lines), None, [user.email])
    except (SMTPException, OSError) as error:
        raise TransientError(f"the mail server did not take it: {error}") from error
