"""One condition on a document as SQL over the alias `document`, with named parameters."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from collections_app.models import Collection
from collections_app.pipeline import pictures
from collections_app.pipeline.code import LANGUAGES
from collections_app.pipeline.extract import FORMATS
from collections_app.services import Rejected
from search_app.analysis import values
from search_app.analysis.query import Field
from search_app.queries import map_fields

SHORT = {  # names of media types that are not the end of them
    "text": "text/plain",
    "word": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
    "email": "message/rfc822",
    "notebook": "application/x-ipynb+json",
}


def media_types(field: Field) -> list[str]:
    """The media types meant: by name, by short name, by language of code, `image`, `code`."""
    name = field.value.casefold()
    if field.operation == "is":
        if "/" in name:
            return [name]
        if name == "image":
            return list(pictures.FORMATS)
        if name == "code":
            return [language.media_type for language in LANGUAGES]
        ends = {one.rsplit("/", 1)[1]: one for one in FORMATS}
        keys = {one.key: one.media_type for one in LANGUAGES}
        if found := (ends | keys | SHORT).get(name):
            return [found]
    raise Rejected(
        _(
            "There is no type “%(name)s”. Use pdf, html, markdown, text, image, code, python or a "
            "media type such as application/pdf."
        )
        % {"name": field.written_value}
    )


def language(field: Field) -> str:
    """The language of collections that is meant."""
    for value, name in Collection.Language.choices:
        if field.operation == "is" and field.value.casefold() in (value, str(name).casefold()):
            return value
    raise Rejected(
        _("There is no language “%(name)s”. They are: %(known)s.")
        % {"name": field.written_value, "known": ", ".join(Collection.Language.values)}
    )


def moments(field: Field) -> tuple[datetime | None, datetime | None]:
    """From when, and up to but not including when, documents were added."""
    if field.operation == "is":
        begin, end = _moment(field.value)
        return begin, end
    if field.operation != "range":
        raise Rejected(_("“added” wants a date such as 2024-05-31, or two: 2024..2025-06."))
    low = _moment(field.low)[int(field.open)] if field.low else None
    high = _moment(field.high)[int(not field.open)] if field.high else None
    return low, high


def _moment(text: str) -> tuple[datetime, datetime]:
    found = values.moments(text)
    if found is None:
        raise Rejected(
            _("“%(text)s” is no date. Write 2024, 2024-05, 2024-05-31 or 2024-05-31T09:30.")
            % {"text": text}
        )
    zone = timezone.get_current_timezone()
    return found[0].replace(tzinfo=zone), found[1].replace(tzinfo=zone)


Bounds = list[tuple[str, float]]  # (sign, bound)


def _bounds(name: str, field: Field) -> dict[str, Bounds]:
    """The range as numbers, as dates, or as both where years are meant: by kind of value."""
    ends = [(">", field.low)] * bool(field.low) + [("<", field.high)] * bool(field.high)
    numbers = [(sign, values.number(text)) for sign, text in ends]
    periods = [(sign, values.period(text)) for sign, text in ends]
    equal = "" if field.open else "="
    found: dict[str, Bounds] = {}
    if all(value is not None for _sign, value in numbers):
        found["n"] = [(sign + equal, float(value)) for sign, value in numbers if value is not None]
    if all(value is not None for _sign, value in periods):
        found["d"] = [_bound(sign, field.open, one) for sign, one in periods if one is not None]
    if not found:
        raise Rejected(
            _(
                "“%(range)s” is no range of numbers or dates. Write %(name)s:10..20,"
                " %(name)s:>10 or %(name)s:2024-01..2024-06."
            )
            % {"range": field.written, "name": name}
        )
    return found


def _bound(sign: str, open_: bool, period: values.Period) -> tuple[str, float]:
    """After a year means after its end, and up to a year up to its end."""
    if sign == ">":
        return ">=", float(period.end if open_ else period.start)
    return "<", float(period.start if open_ else period.end)


def _forms(value: str) -> list[object]:
    """What JSON may have that reads like this, alone or in a list."""
    forms: list[object] = [value]
    if (number := values.number(value)) is not None:
        forms.append(int(number) if number == int(number) else float(number))
    if value in ("true", "false"):
        forms.append(value == "true")
    return [*forms, *([form] for form in forms)]


def _pattern(beginning: str) -> str:
    """For LIKE: what begins so."""
    return re.sub(r"([\\%_])", r"\\\1", beginning) + "%"


def _lexemes(text: str) -> list[str]:
    """For to_tsquery: each word within its quotation marks."""
    return ["'" + re.sub(r"(['\\])", r"\1\1", word) + "'" for word in text.split()]


IN_RANGE = """document.id IN (
    SELECT number.document_id FROM search_app_documentnumber number
    WHERE number.collection_id = ANY(%(filter_collections)s) AND number.name = {name}
      AND ({bounds})
)"""


class Builder:
    """Makes the SQL of conditions, and keeps their parameters in `params`, where the collections
    that are searched stand from the beginning as `filter_collections`."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = dict(params)

    def identifier(self, field: Field) -> str:
        if field.operation == "is":
            return f"document.external_id = {self._value(field.value)}"
        if field.operation == "prefix":
            return f"document.external_id LIKE {self._value(_pattern(field.value))}"
        raise Rejected(_("“id” wants an id, or the beginning of ids and a star: notes/*."))

    def title(self, field: Field) -> str:
        """All these words one after the other, in any case; the last one begun."""
        words = "to_tsvector('simple'::regconfig, document.title)"
        text = self._value(field.value)
        if field.operation == "is":
            return f"{words} @@ phraseto_tsquery('simple'::regconfig, {text})"
        if field.operation == "prefix" and field.value.strip():
            text = self._value(" <-> ".join(_lexemes(field.value)) + ":*")
            return f"{words} @@ to_tsquery('simple'::regconfig, {text})"
        raise Rejected(_("“title” wants words of it, or the beginning of a word and a star."))

    def media_type(self, field: Field) -> str:
        return f"document.media_type = ANY({self._value(media_types(field))})"

    def added(self, field: Field) -> str:
        low, high = moments(field)
        parts = [f"document.created >= {self._value(low)}"] if low else []
        parts += [f"document.created < {self._value(high)}"] if high else []
        return " AND ".join(parts)

    def collection(self, ids: Sequence[int]) -> str:
        return f"document.collection_id = ANY({self._value(list(ids))}::bigint[])"

    def area(self, field: Field) -> str:
        """On the map of its collection, within these corners."""
        path = ",".join(f"({x},{y})" for x, y in map_fields.corners(field))
        return map_fields.IN_AREA.format(area=self._value(f"({path})"))

    def cluster(self, field: Field) -> str:
        number = map_fields.cluster(field)
        if not number:
            return map_fields.IN_NONE
        return map_fields.IN_CLUSTER.format(cluster=self._value(number))

    def source(self, ids: Sequence[int]) -> str:
        """What a source gave, and what was made of its files of code."""
        sources = self._value(list(ids))
        name = (
            "CASE WHEN document.metadata ? 'language' AND document.metadata ? 'path'"
            " THEN document.metadata ->> 'path' ELSE document.external_id END"
        )
        return (
            "EXISTS (SELECT FROM collections_app_sourceitem item"
            " JOIN collections_app_source source ON source.id = item.source_id"
            f" WHERE item.source_id = ANY({sources})"
            " AND source.collection_id = document.collection_id"
            f" AND item.external_id IN (document.external_id, {name}))"
        )

    def metadata(self, name: str, field: Field) -> str:
        if field.operation == "exists":
            return f"document.metadata ? {self._value(name)}"
        if field.operation == "is":
            forms = [json.dumps({name: form}) for form in _forms(field.value)]
            return f"document.metadata @> ANY({self._value(forms)}::jsonb[])"
        if field.operation == "prefix":
            pattern = self._value(_pattern(field.value))
            return f"document.metadata ->> {self._value(name)} LIKE {pattern}"
        kinds = [
            f"number.kind = '{kind}' AND {self._between('number.value', bounds)}"
            for kind, bounds in _bounds(name, field).items()
        ]
        return IN_RANGE.format(name=self._value(name), bounds=" OR ".join(kinds))

    def _between(self, column: str, bounds: "Bounds") -> str:
        return " AND ".join(f"{column} {sign} {self._value(bound)}" for sign, bound in bounds)

    def _value(self, value: object) -> str:
        name = f"filter_{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"
