"""The kinds of source, a module each: OPTIONS, SECRETS, COMPLETE, `check` and `items`.

COMPLETE says that a listing to its end holds all there is, so that what it no longer has may
be removed.
"""

from types import ModuleType
from typing import Any

from django.utils.translation import gettext as _

from collections_app.models import Blob, Source
from collections_app.sources import web
from collections_app.sources.kinds import (
    feed,
    file,
    folder,
    git,
    json_api,
    sitemap,
    sql,
    sqlite,
    url,
)
from collections_app.sources.options import clean
from collections_app.storage import Rejected

KINDS: dict[str, ModuleType] = {
    Source.Kind.FILE: file,
    Source.Kind.FOLDER: folder,
    Source.Kind.URL: url,
    Source.Kind.SITEMAP: sitemap,
    Source.Kind.FEED: feed,
    Source.Kind.GIT: git,
    Source.Kind.JSON_API: json_api,
    Source.Kind.SQL: sql,
    Source.Kind.SQLITE: sqlite,
}


def of(kind: str) -> ModuleType:
    """The kind's module. Raises Rejected for what is none."""
    if kind not in KINDS:
        raise Rejected(
            _("There is no kind of source “%(kind)s”. There are: %(kinds)s.")
            % {"kind": kind, "kinds": ", ".join(KINDS)}
        )
    return KINDS[kind]


def cleaned(kind: str, options: dict[str, Any], blob: Blob | None) -> dict[str, Any]:
    """Options with their defaults. Raises Rejected for those that cannot work."""
    module = of(kind)
    complete = clean(module.OPTIONS, options)
    module.check(complete, blob)
    return complete


def cleaned_secrets(kind: str, secrets: dict[str, Any]) -> dict[str, Any]:
    """Secrets that were given, none of them empty. Raises Rejected for bad ones."""
    module = of(kind)
    found = {name: value for name, value in clean(module.SECRETS, secrets).items() if value}
    if "headers" in found:
        web.check_headers(found["headers"])
    if hasattr(module, "check_secrets"):
        module.check_secrets(found)
    return found
