"""/account/password/: where a link leads with which a user sets a password. Django's own view; the page is ours."""

from typing import Any

import structlog
from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse_lazy

from archive.web.policy import strict_policy

logger = structlog.get_logger(__name__)


class SetPassword(PasswordResetConfirmView):
    """Ask for a password twice. The token leaves the address before the page is shown: it goes into the session."""

    template_name = "archive/web/account/password.html"
    success_url = reverse_lazy("rest_framework:login")

    def get_user(self, uidb64: str) -> User | None:
        """Nobody for a user who is deactivated: their links are worth nothing."""
        user: Any = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: "SetPasswordForm[Any]") -> HttpResponse:
        answer = super().form_valid(form)
        logger.info("password_set", user=form.user.get_username())
        messages.success(self.request, "Your password is set. Log in with it.")
        return answer


set_password = strict_policy(SetPassword.as_view())
