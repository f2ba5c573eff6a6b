"""Collections as models of OpenAI's API: `collection-12` by its number, `collection-12,15` for
several, `all-collections`.

Names can be changed and need not be unique; a number stays as long as the collection.
"""

import re
from typing import Any

from django.db.models import Case, When
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer

ALL = "all-collections"
MOST = 1000  # in a list that has no pages
SEVERAL = 100  # in one name
_NAME = re.compile(r"collection-([1-9][0-9]{0,17}(?:,[1-9][0-9]{0,17})*)")


class NoSuchCollection(LookupError):  # noqa: N818
    """None of this name, or none that one may see."""


def is_reserved(name: str) -> bool:
    """No embedding model may be called so."""
    return name == ALL or bool(_NAME.fullmatch(name))


def named(user: Viewer, name: Any) -> list[Collection]:
    """The collections that a model's name means, none for all that one may see. Raises
    NoSuchCollection where one of them is not there, or may not be seen."""
    if name == ALL:
        return []
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    numbers = list(dict.fromkeys(map(int, found[1].split(",")))) if found else []
    if not 1 <= len(numbers) <= SEVERAL:
        raise NoSuchCollection
    rows = Collection.objects.visible_to(user).select_related("embedding_model")
    known = rows.in_bulk(numbers)
    if len(known) < len(numbers):
        raise NoSuchCollection
    return [known[number] for number in numbers]


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
    several = named(user, name)
    if len(several) > 1:
        title = ", ".join(one.name for one in several)
        return _row(name, title, int(min(one.created for one in several).timestamp()))
    if several:
        return told(several[0])
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
