"""API tokens: who a request is from, and what it may do."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from collections_app.models import ApiToken
from collections_app.rows import Rows

TOUCH_EVERY = timedelta(minutes=1)  # so that a busy token does not write on each request


TOKENS, USERS = Rows(ApiToken), Rows(User)
FIND = f"""
SELECT {TOKENS.columns("token")}, {USERS.columns("owner")}
FROM {ApiToken._meta.db_table} token JOIN {User._meta.db_table} owner ON owner.id = token.user_id
WHERE token.digest = %s AND owner.is_active
"""  # noqa: S608 - names of the models alone


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer es_...`"""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("Send the token as: Authorization: Bearer es_..."))
        token = find(words[1].decode("latin-1"))
        if token is None:
            raise AuthenticationFailed(
                _("This token is unknown or revoked. Make a new one on the tokens page.")
            )
        touch(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="embedsite"'


def find(key: str) -> ApiToken | None:
    """The token with this key, unless its user has been deactivated."""
    with connection.cursor() as cursor:
        cursor.execute(FIND, [ApiToken.hash(key)])
        row = cursor.fetchone()
    if row is None:
        return None
    token = TOKENS.made(row[: len(TOKENS)])
    token.user = USERS.made(row[len(TOKENS) :])
    return token


def touch(token: ApiToken) -> None:
    """Record that the token was used, at most once a minute."""
    now = timezone.now()
    if token.last_used and token.last_used > now - TOUCH_EVERY:
        return
    stale = Q(last_used=None) | Q(last_used__lte=now - TOUCH_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used=now)


class ScopePermission(BasePermission):
    """Visitors read; a user writes; a token writes if its scope says so.

    What there is to read or write is decided by `visible_to` and `editable_by`.
    """

    message = _("This token may only read. Make one with the scope “read and write”.")

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        return bool(request.user and request.user.is_authenticated) and may_write(request)


class AsksPermission(ScopePermission):
    """POST only asks something here: visitors and reading tokens may do it too."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "POST" or super().has_permission(request, view)


class SignedInAsksPermission(BasePermission):
    """POST only asks something here, for users alone, with a token of either scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


class SignedInPermission(ScopePermission):
    """Nothing here for visitors, not even to read."""

    def has_permission(self, request: Request, view: Any) -> bool:
        signed_in = bool(request.user and request.user.is_authenticated)
        return signed_in and super().has_permission(request, view)


class StaffPermission(SignedInPermission):
    """Nothing here for anyone but staff."""

    message = _("Only staff may do this. Ask an administrator of the site.")

    def has_permission(self, request: Request, view: Any) -> bool:
        staff = bool(request.user and request.user.is_staff)
        return staff and super().has_permission(request, view)


class StaffWritesPermission(StaffPermission):
    """Everyone reads, staff write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)


class SessionOnlyPermission(SignedInPermission):
    """Only a person at the site changes anything here: a token cannot mint tokens."""

    message = _("Log in to the site to do this: a token cannot make or revoke tokens.")

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method not in SAFE_METHODS and isinstance(request.auth, ApiToken):
            return False
        return super().has_permission(request, view)


def may_write(request: Request) -> bool:
    token = request.auth
    return not isinstance(token, ApiToken) or token.scope == ApiToken.Scope.WRITE
