"""Which format a file of rows has, told by its content; its name settles only what that leaves."""

import csv
import json
from itertools import islice
from pathlib import PurePosixPath

import ijson

from ..extracted import Unreadable
from .convert import type_of
from .json_events import parser
from .model import Kind, RowFormat
from .source import Content, as_text, encoding_of, in_its_encoding, opened

ROW_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".nl": "ndjson",
}
_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_CHARS = 1 << 16
_LINES = 50


def has_rows(name: str) -> bool:
    """Whether a file of this name is a table: rows, each to be a document of its own."""
    return PurePosixPath(name.lower()).suffix in ROW_SUFFIXES


def sniff(content: Content, name: str = "", kind: Kind | None = None) -> RowFormat:
    """How to read the rows; `kind` where it is known. Raises Unreadable for what is not text."""
    with opened(content) as stream:
        encoding = encoding_of(stream)
    with as_text(content, encoding) as text, in_its_encoding(encoding):
        sample = text.read(_SAMPLE_CHARS)
    if not sample.strip():
        raise Unreadable("There is only white space in it. Choose a file that has rows in it.")
    if kind is None:
        kind = _kind(sample, name)
    if kind == "ndjson":
        return RowFormat("ndjson", encoding)
    if kind == "json":
        return RowFormat("json", encoding, key=_key(sample))
    return _delimited(sample, encoding, kind, name)


def _kind(sample: str, name: str) -> Kind | None:
    """json or ndjson; None for what is neither. The name counts where not even the first line
    fits into the sample."""
    start = sample.lstrip()[:1]
    cut = len(sample) == _SAMPLE_CHARS and "\n" not in sample.strip()
    named = ROW_SUFFIXES.get(PurePosixPath(name.lower()).suffix)
    if start == "{" and (named == "ndjson" if cut else _are_lines(sample)):
        return "ndjson"
    return "json" if start in ("{", "[") else None


def _are_lines(sample: str) -> bool:
    """Whether most lines are an object each, and not one line alone that holds the rows."""
    lines = [line for line in sample.splitlines() if line.strip()]
    if len(sample) == _SAMPLE_CHARS and len(lines) > 1:
        lines.pop()  # cut off
    whole = sum(_is_object(line) for line in lines[:_LINES])
    if len(lines) == 1:
        return bool(whole) and not _key(sample)
    return whole * 2 > len(lines[:_LINES])


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _key(sample: str) -> str:
    """The key of the outer object whose value is an array of objects; empty if there is none."""
    name, level, before = "", 0, ""
    try:
        for event, value in parser(sample).basic_parse(sample.encode("utf-8", "replace")):
            if (event, before, level, bool(name)) == ("start_map", "start_array", 2, True):
                return name
            if event == "map_key" and level == 1:
                name = str(value)
            level += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
            before = event
    except (ijson.JSONError, ValueError):
        pass  # the sample ends before the file does, or a number is too long
    return ""


def _delimited(sample: str, encoding: str, kind: Kind | None, name: str) -> RowFormat:
    named = ROW_SUFFIXES.get(PurePosixPath(name.lower()).suffix)
    lines = sample.splitlines(keepends=True)
    if len(sample) == _SAMPLE_CHARS and len(lines) > 1:
        lines.pop()
    if kind == "tsv":
        delimiter = "\t"
    else:
        favoured = "\t" if named == "tsv" and kind is None else ","
        delimiter = max(_DELIMITERS, key=lambda one: (*_fit(lines, one), one == favoured))
    records = _records(lines, delimiter)
    found: Kind = "tsv" if delimiter == "\t" else "csv"
    return RowFormat(
        found, encoding, delimiter, header=_has_header(records), spaced=_is_spaced(records)
    )


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """The share of records as wide as the first, and that width; nothing for one column."""
    widths = [len(record) for record in _records(lines, delimiter)]
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        rows = csv.reader(lines, delimiter=delimiter)
        return [row for row in islice(rows, _LINES) if row]
    except csv.Error:
        return []


def _has_header(records: list[list[str]]) -> bool:
    """A first record with a number or a date in it is no header."""
    return not any(type_of(cell) in ("number", "date") for cell in (records or [[]])[0])


def _is_spaced(records: list[list[str]]) -> bool:
    cells = [cell for record in records for cell in record[1:]]
    return bool(cells) and all(cell.startswith(" ") for cell in cells)
