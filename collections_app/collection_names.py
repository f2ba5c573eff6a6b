"""Collections as models of OpenAI's API: `collection-12` by its number, `all-collections`.

Names can be changed and need not be unique; a number stays as long as the collection.
"""

import re
from typing import Any

from django.db.models import Case, When
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer

ALL = "all-collections"
MOST = 1000  # in a list that has no pages
_NAME = re.compile(r"collection-([1-9]\d{0,17})")


class NoSuchCollection(LookupError):  # noqa: N818
    """None of this name, or none that one may see."""


def is_reserved(name: str) -> bool:
    """No embedding model may be called so."""
    return name == ALL or bool(_NAME.fullmatch(name))


def named(user: Viewer, name: Any) -> Collection | None:
    """The collection that a model's name means, None for all that one may see. Raises
    NoSuchCollection."""
    if name == ALL:
        return None
    number = _NAME.fullmatch(name) if isinstance(name, str) else None
    rows = Collection.objects.visible_to(user).select_related("embedding_model")
    found = rows.filter(pk=int(number[1])).first() if number else None
    if found is None:
        raise NoSuchCollection
    return found


def listed(user: Viewer) -> list[dict[str, Any]]:
    """As `/v1/models` tells them, one's own first; nothing where there is none to ask."""
    own_first = Case(When(owner_id=user.pk, then=0), default=1)
    rows = Collection.objects.visible_to(user).only("name", "created")
    found = list(rows.order_by(own_first, "pk")[:MOST])
    if not found:
        return []
    everything = _row(ALL, _("All collections"), int(found[0].created.timestamp()))
    return [everything, *map(told, found)]


def described(user: Viewer, name: str) -> dict[str, Any]:
    """One of those. Raises NoSuchCollection."""
    collection = named(user, name)
    if collection:
        return told(collection)
    if rows := listed(user):
        return rows[0]
    raise NoSuchCollection


def told(collection: Collection) -> dict[str, Any]:
    name = f"collection-{collection.pk}"
    return _row(name, collection.name, int(collection.created.timestamp()))


def _row(name: str, title: str, created: int) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "embedsite",
        "kind": "collection",
        "name": title,
    }
