"""Where the embedded servers live, and how to reach them: names only, nothing starts."""

import secrets
from pathlib import Path
from typing import Any


def secret(var: Path, name: str) -> str:
    """The random secret kept in `var/secrets/<name>`, made on first use (mode 0600)."""
    path = var / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def database(var: Path) -> dict[str, Any]:
    """Django's DATABASES entry for the embedded PostgreSQL."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "embedsite",
        "USER": "embedsite",
        "PASSWORD": secret(var, "postgres"),
        "HOST": str(var / "run"),
        "CONN_MAX_AGE": 60,
    }


def redis_url(var: Path) -> str:
    """The broker URL of the embedded Redis, over its unix socket."""
    return f"redis+socket://{var / 'run' / 'redis.sock'}"
