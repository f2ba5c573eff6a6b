"""What the site runs on, checked cheaply enough for every view of the home page."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from collections_app.models import EmbeddingModel
from embedsite import heartbeat
from search_app import reranking


class Part(NamedTuple):
    """One part of the site: its name, whether it works, and how (or why not)."""

    key: str
    name: str
    ok: bool
    detail: str


class PartDownError(Exception):
    """A part does not work; the message says so to the administrator."""


NEEDED = ("database", "broker", "worker", "model")  # the reranker is not: search goes on without


def part_names() -> list[str]:
    """Of the parts that this site has."""
    return [*NEEDED, "reranker"] if settings.RERANKER else list(NEEDED)


def status() -> list[Part]:
    """Database, Redis, worker and model, in this order, then the reranker where one is set.
    Loads no model, never raises."""
    parts = [
        _part("database", _("Database"), database),
        _part("broker", _("Redis"), broker),
        _part("worker", _("Worker"), worker),
        _part("model", _("Model"), model),
    ]
    if settings.RERANKER:
        parts.append(_part("reranker", _("Reranker"), reranker))
    return parts


def database() -> str:
    """The server's version. Raises PartDownError."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version')")
            return f"PostgreSQL {cursor.fetchone()[0]}"
    except DatabaseError as error:
        raise PartDownError(_("does not answer")) from error


def broker() -> str:
    """A word that the broker answers. Raises PartDownError."""
    try:
        with heartbeat.client() as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise PartDownError(_("does not answer; uploads are kept and wait")) from error
    return pgettext("Redis", "answers")


def worker() -> str:
    """How many workers there are. Raises PartDownError when there is none."""
    try:
        count = heartbeat.workers()
    except (redis.RedisError, OSError) as error:
        raise PartDownError(_("unknown while Redis is away")) from error
    if not count:
        raise PartDownError(_("none runs; uploads are kept and wait"))
    return ngettext("%(count)d is running", "%(count)d are running", count) % {"count": count}


def model() -> str:
    """The default embedding model's name. Raises PartDownError when its files are not there."""
    try:
        found = EmbeddingModel.objects.filter(is_default=True).first()
    except DatabaseError as error:
        raise PartDownError(_("unknown while the database is away")) from error
    if found is None:
        return _("is set up with the first collection")
    kind, _colon, package = found.ref.partition(":")
    if kind == "package" and find_spec(package) is None:
        raise PartDownError(_("the package %(name)s is not installed") % {"name": package})
    if found.ref.startswith("/") and not Path(found.ref).exists():
        raise PartDownError(_("the folder of %(name)s does not exist") % {"name": found.name})
    return found.name


def reranker() -> str:
    """Its name. Raises PartDownError where it is known not to be there."""
    if reranking.problem():
        raise PartDownError(_("is not there; results are ranked without it"))
    return settings.RERANKER.rsplit("/", 1)[-1]


def _part(key: str, name: str, check: Callable[[], str]) -> Part:
    try:
        return Part(key, name, True, check())
    except PartDownError as error:
        return Part(key, name, False, str(error))
