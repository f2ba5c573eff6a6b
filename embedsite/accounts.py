"""Logging in, with a limit on wrong passwords.

Counts are kept per process, in memory, as the API's throttles are: guessing is slowed down
even when Redis is away, and nobody can be locked out for longer than the window.
"""

import hashlib
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.throttling import BaseThrottle

WINDOW_SECONDS = 15 * 60
TRIES_PER_ACCOUNT = 10  # from one address
TRIES_PER_ADDRESS = 50  # at any account
THROTTLED = "throttled"


class FailedLogins:
    """Failed logins of one address, at one account and at all."""

    def __init__(self, request: HttpRequest, username: str) -> None:
        address = BaseThrottle().get_ident(request)  # type: ignore[arg-type]
        self._limits = {
            _key(address, username.casefold()): TRIES_PER_ACCOUNT,
            _key(address): TRIES_PER_ADDRESS,
        }

    def too_many(self) -> bool:
        counts = cache.get_many(self._limits)
        return any(counts.get(key, 0) >= limit for key, limit in self._limits.items())

    def add(self) -> None:
        for key in self._limits:
            if not cache.add(key, 1, WINDOW_SECONDS):
                with suppress(ValueError):  # the window ended this moment
                    cache.incr(key)


class LoginForm(AuthenticationForm):
    """Django's form, which stops looking at passwords after too many wrong ones."""

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username", "")
        if not username or not self.cleaned_data.get("password"):
            return super().clean()
        assert self.request is not None
        failed = FailedLogins(self.request, username)
        if failed.too_many():
            raise forms.ValidationError(
                _("Too many failed logins. Wait %(minutes)d minutes, then try again.")
                % {"minutes": WINDOW_SECONDS // 60},
                code=THROTTLED,
            )
        try:
            return super().clean()
        except forms.ValidationError:
            failed.add()
            raise


class Login(LoginView):
    form_class = LoginForm
    template_name = "login.html"

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        if form.has_error(NON_FIELD_ERRORS, THROTTLED):
            response.status_code = 429
            response["Retry-After"] = str(WINDOW_SECONDS)
        return response


def _key(*parts: str) -> str:
    return "failed-logins:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()
