"""The first administrator, who gets a random password that `runsite --demo` can show again."""

import secrets
from pathlib import Path

from django.contrib.auth.models import User

NAME = "admin"


def user() -> User:
    """The account `admin`, made now, without a password, when there is none."""
    found, _ = User.objects.get_or_create(
        username=NAME, defaults={"is_staff": True, "is_superuser": True, "password": "!"}
    )
    return found


def password(var: Path) -> str | None:
    """The password made for `admin`, made now when there is none yet.

    None when the administrator has set another one since.
    """
    kept = var / "secrets" / NAME
    admin = user()
    if not admin.has_usable_password():
        fresh = secrets.token_urlsafe(12)
        kept.unlink(missing_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(fresh)
        admin.set_password(fresh)
        admin.is_staff = admin.is_superuser = admin.is_active = True
        admin.save()
        return fresh
    if kept.exists() and admin.check_password(shown := kept.read_text().strip()):
        return shown
    return None
