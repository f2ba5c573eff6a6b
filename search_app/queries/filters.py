"""Filters: conditions on documents as SQL, and what is left of a search under them.

Indexes: migration 0003 of search_app. Figures: docs/benchmarks.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from collections_app.models import Collection, Source, Viewer
from collections_app.services import Rejected
from search_app.analysis.query import METADATA, RESERVED, Field
from search_app.queries import field_sql, map_fields
from search_app.queries.briefly import Briefly
from search_app.queries.scope import Condition

MOST_FIELDS = 20
_known: Briefly[bool] = Briefly()  # (collections, name): a key of some document's metadata


def known(collection_ids: Sequence[int], names: Iterable[str]) -> set[str]:
    """Those of these names that are keys of some document's metadata."""
    asked = {name for name in names if "\x00" not in name}
    seen = {name for name in asked if _known.get((tuple(collection_ids), name))}
    wanted = sorted(asked - seen)
    if not wanted or not collection_ids:
        return seen
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS ("
            "SELECT FROM collections_app_document WHERE collection_id = ANY(%s)"
            " AND metadata ? name)",
            [wanted, list(collection_ids)],
        )
        found = {row[0] for row in cursor.fetchall()}
    for name in found:
        _known.keep((tuple(collection_ids), name), True)
    return seen | found


def condition(
    fields: Sequence[Field], collections: Sequence[Collection], user: Viewer
) -> Condition | None:
    """What these conditions ask for together, None for nothing.

    Several values of one field are alternatives; all else must hold at once. Raises Rejected
    for a value that its field cannot have, with the reason.
    """
    if len(fields) > MOST_FIELDS:
        raise Rejected(
            _("These are %(number)d filters; the most is %(most)d.")
            % {"number": len(fields), "most": MOST_FIELDS}
        )
    parts, params = _parts(fields, collections, user)
    if not parts:
        return None
    return Condition(" AND ".join(f"({sql})" for _fields, sql in parts), params)


def _parts(
    fields: Sequence[Field], collections: Sequence[Collection], user: Viewer
) -> tuple[list[tuple[list[Field], str]], dict[str, Any]]:
    """Everything that must hold, alternatives as one, and the parameters of all of it."""
    build = field_sql.Builder({"filter_collections": [one.pk for one in collections]})
    alternatives: dict[str, list[tuple[Field, str]]] = defaultdict(list)
    every: list[tuple[list[Field], str]] = []
    for field in fields:
        sql = _sql(build, field, collections, user)
        if field.negated:
            every.append(([field], f"NOT ({sql})"))
        elif field.operation in ("is", "prefix"):
            alternatives[field.name].append((field, sql))
        else:
            every.append(([field], sql))
    for choices in alternatives.values():
        named = [field for field, _sql in choices]
        every.append((named, " OR ".join(sql for _field, sql in choices)))
    return every, build.params


def failed(
    document_id: int, fields: Sequence[Field], collections: Sequence[Collection], user: Viewer
) -> list[Field]:
    """Those of the conditions that keep this document out; alternatives fail together."""
    parts, params = _parts(fields, collections, user)
    if not parts:
        return []
    columns = ", ".join(f"coalesce(({sql}), false)" for _fields, sql in parts)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM collections_app_document document"  # noqa: S608 (of _parts)
            " WHERE document.id = %(filter_document)s",
            {**params, "filter_document": document_id},
        )
        held = cursor.fetchone() or (True,) * len(parts)
    return [
        field
        for (named, _sql), holds in zip(parts, held, strict=True)
        if not holds
        for field in named
    ]


def all_of(*conditions: Condition | None) -> Condition | None:
    """One condition of several, whose parameters have names of their own."""
    there = [one for one in conditions if one is not None]
    if not there:
        return None
    params: dict[str, Any] = {}
    for one in there:
        params |= one.params
    return Condition(" AND ".join(f"({one.sql})" for one in there), params)


def is_possible(field: Field) -> bool:
    """Whether a reserved field could have this value: `type:error` in a text is only a text."""
    try:
        if field.name == "type":
            field_sql.media_types(field)
        elif field.name == "language":
            field_sql.language(field)
        elif field.name == "added":
            field_sql.moments(field)
        elif field.name == "map_area":
            map_fields.corners(field)
        elif field.name == "map_cluster":
            map_fields.cluster(field)
    except Rejected:
        return False
    return field.name != "source" or field.operation == "is"


def _sql(
    build: field_sql.Builder, field: Field, collections: Sequence[Collection], user: Viewer
) -> str:
    if field.name not in RESERVED:
        name = field.name.removeprefix(METADATA)
        return build.metadata(name, field)
    match field.name:
        case "id":
            return build.identifier(field)
        case "title":
            return build.title(field)
        case "type":
            return build.media_type(field)
        case "added":
            return build.added(field)
        case "language":
            language = field_sql.language(field)
            return build.collection([one.pk for one in collections if one.language == language])
        case "map_area":
            return build.area(field)
        case "map_cluster":
            return build.cluster(field)
    return build.source(_source(field, collections, user))


def _source(field: Field, collections: Sequence[Collection], user: Viewer) -> list[int]:
    """Numbers of the sources meant: by number or name, of collections that the user may edit."""
    mine = Source.objects.editable_by(user).filter(collection__in=[one.pk for one in collections])
    rows = [
        pk
        for pk, name in mine.values_list("pk", "name")
        if field.operation == "is" and field.value.casefold() in (str(pk), name.casefold())
    ]
    if not rows:
        raise Rejected(
            _("You have no source “%(name)s” here. Give the number or the name of one.")
            % {"name": field.written_value}
        )
    return rows


COUNT = """
SELECT count(*) FROM (
    SELECT FROM collections_app_document document
    WHERE document.collection_id = ANY(%(filter_scope)s) AND document.ready_at IS NOT NULL
      AND {condition} LIMIT %(filter_limit)s
) found
"""


AMONG = """
SELECT document.id FROM collections_app_document document
WHERE document.id = ANY(%(among)s) AND ({condition}) ORDER BY 1
"""


def among(document_ids: Sequence[int], wanted: Condition) -> list[int]:
    """Those of these documents that meet a condition, by number."""
    with connection.cursor() as cursor:
        statement = AMONG.format(condition=wanted.sql)
        cursor.execute(statement, {**wanted.params, "among": list(document_ids)})
        return [row[0] for row in cursor.fetchall()]


_many: Briefly[int] = Briefly()  # (collections, a number): they have that many documents


def count(collection_ids: Sequence[int], wanted: Condition | None, most: int) -> int:
    """How many documents that can be found meet the condition; no more than `most` are counted."""
    if wanted is not None:
        return _counted(collection_ids, wanted, most)
    asked = (tuple(collection_ids), most)
    if many := _many.get(asked):
        return many
    found = _counted(collection_ids, wanted, most)
    return _many.keep(asked, found) if found == most else found


def _counted(collection_ids: Sequence[int], wanted: Condition | None, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(condition=wanted.sql if wanted else "true"),
            {
                **(wanted.params if wanted else {}),
                "filter_scope": list(collection_ids),
                "filter_limit": most,
            },
        )
        return int(cursor.fetchone()[0])
