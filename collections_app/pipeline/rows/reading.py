"""A file's rows by its format."""

from collections.abc import Callable, Iterator

from . import delimited, json_rows
from .model import BadRow, Kind, Row, RowFormat
from .source import Content, in_its_encoding

_READERS: dict[Kind, Callable[[Content, RowFormat], Iterator[Row | BadRow]]] = {
    "csv": delimited.read,
    "tsv": delimited.read,
    "json": json_rows.read,
    "ndjson": json_rows.read_lines,
}


def read(content: Content, form: RowFormat) -> Iterator[Row | BadRow]:
    """Each row of the file in order, one at a time; numbers run from 1 without a gap.

    Raises Unreadable for a header that cannot be used, and where the encoding is another one.
    """
    with in_its_encoding(form.encoding):
        yield from _READERS[form.kind](content, form)
