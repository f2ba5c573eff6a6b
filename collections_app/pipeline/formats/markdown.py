"""Markdown: front matter to metadata, the first heading to the title."""

import datetime
import math
from collections.abc import Iterator, Mapping

import yaml
from frontmatter.default_handlers import YAMLHandler

from ..blocks import first_heading
from ..decode import clean
from ..extracted import MARKDOWN, Extracted

_handler = YAMLHandler()
_MAX_FRONT_MATTER = 100_000  # characters; YAML is slow to read
_MAX_VALUES = 5_000  # YAML aliases can make a small file enormous
_MAX_DEPTH = 20
_MAX_BITS = 1_000


def read(body: str) -> Extracted:
    before = len(body)
    body = body.lstrip("\n")
    before -= len(body)
    metadata, text, rest = _front_matter(body)
    title = metadata.get("title")
    if not (isinstance(title, str) and title.strip()):
        title = first_heading(rest)
    if not text.strip():  # nothing but front matter: that is the content, then
        text = body
    skipped = len(body) - len(text.lstrip("\n"))  # front matter, blank lines
    line = 1 + before + body.count("\n", 0, skipped)
    return Extracted(text.strip("\n"), title.strip(), metadata, MARKDOWN, first_line=line)


def _front_matter(body: str) -> tuple[dict[str, object], str, str]:
    """(metadata, text, what follows the front matter); all of a broken one stays in the text."""
    if not _handler.detect(body):
        return {}, body, body
    try:
        raw, rest = _handler.split(body)
    except ValueError:  # no closing line: it is a rule, not front matter
        return {}, body, body
    if len(raw) > _MAX_FRONT_MATTER:
        return {"front_matter_error": "too long, kept as text"}, body, rest
    try:
        values = _handler.load(raw)
        if not isinstance(values, Mapping):
            return {}, body, rest
        return _json_mapping(values), rest, rest
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = clean(str(error)).split("\n")[0][:200]
        return {"front_matter_error": f"kept as text: {reason}"}, body, rest


def _json_mapping(values: Mapping[object, object]) -> dict[str, object]:
    budget = iter(range(_MAX_VALUES))
    return {clean(str(key)): _json(value, budget, 0) for key, value in values.items()}


def _json(value: object, budget: Iterator[int], depth: int) -> object:
    """The value as JSON holds it: dates as ISO text, no NaN, no NUL, no cycles."""
    if next(budget, None) is None or depth > _MAX_DEPTH:
        raise ValueError("too many or too deeply nested values")
    match value:
        case None | bool():
            return value
        case int():
            if value.bit_length() > _MAX_BITS:  # JSON could not be written
                raise ValueError("a number is too large")
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return clean(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case Mapping():
            return {clean(str(k)): _json(v, budget, depth + 1) for k, v in value.items()}
        case list() | tuple() | set():
            return [_json(item, budget, depth + 1) for item in value]
        case bytes():
            return clean(value.decode("utf-8", "replace"))
        case _:
            return clean(str(value))
