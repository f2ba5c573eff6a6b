"""The first administrator, who gets a random password that `runsite --demo` can show again."""

import secrets
from pathlib import Path

from django.contrib.auth import get_user_model

NAME = "admin"


def password(var: Path) -> str | None:
    """The password made for `admin`, made now when there is none yet.

    None when the administrator has set another one since.
    """
    users = get_user_model()
    kept = var / "secrets" / NAME
    user, _ = users.objects.get_or_create(
        username=NAME, defaults={"is_staff": True, "is_superuser": True, "password": "!"}
    )
    if not user.has_usable_password():
        fresh = secrets.token_urlsafe(12)
        kept.unlink(missing_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(fresh)
        user.set_password(fresh)
        user.is_staff = user.is_superuser = user.is_active = True
        user.save()
        return fresh
    if kept.exists() and user.check_password(shown := kept.read_text().strip()):
        return shown
    return None
