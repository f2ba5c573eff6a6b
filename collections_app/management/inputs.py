"""What `embed_multi` takes: files of rows, SQL queries, and folders of files."""

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.management.base import CommandError

from collections_app import services
from collections_app.intake import media_type, safe_id
from collections_app.management.options import usage
from collections_app.pipeline import rows
from collections_app.pipeline.rows import BadRow, Plan, Row

KINDS: dict[str, rows.Kind] = {"json": "json", "csv": "csv", "tsv": "tsv", "nl": "ndjson"}
ENCODINGS = ("utf-8", "latin-1")
Report = Callable[[str, str], None]  # a row or file, and why it was left out


@contextmanager
def table(name: str) -> Iterator[Path]:
    """The file to read; standard input is copied to one, because its format is looked at first."""
    if name != "-":
        path = Path(name).expanduser()
        if not path.is_file():
            raise usage(f"{name} is not a file.")
        yield path
        return
    with tempfile.NamedTemporaryFile() as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield Path(file.name)


def of_file(path: Path, form: str | None) -> Iterator[Row | BadRow]:
    """The rows of a file. As `llm` has it, the first line of CSV and TSV is always a header."""
    try:
        found = rows.sniff(path, path.name, KINDS[form] if form else None)
        yield from rows.read(path, replace(found, header=True))
    except rows.Unreadable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise usage(f"{path} cannot be read: {error.strerror}.") from error


def of_sql(
    query: str, database: str | None, attached: Sequence[Sequence[str]]
) -> Iterator[Row | BadRow]:
    """The rows of a query over SQLite files, which are opened for reading only."""
    main = _address(database) if database else ":memory:"
    try:
        with closing(sqlite3.connect(main, uri=True)) as connection:
            for alias, path in attached:
                connection.execute("ATTACH DATABASE ? AS " + _quoted(alias), [_address(path)])
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or []]
            for number, cells in enumerate(cursor, 1):
                yield Row(number, dict(zip(names, map(_cell, cells), strict=True)))
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise CommandError(f"The query cannot be run: {error}.") from error


def _address(path: str) -> str:
    if not Path(path).is_file():
        raise usage(f"{path} is not a file.")
    return f"file:{quote(str(Path(path).resolve()))}?mode=ro"


def _quoted(alias: str) -> str:
    return '"' + alias.replace('"', '""') + '"'


def _cell(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def documents(
    found: Iterable[Row | BadRow], plan: Plan, metadata: dict[str, Any], report: Report
) -> Iterator[services.Incoming]:
    """A document for each row that has an id and a text; the others are reported."""
    for row in found:
        item = plan.item(row)
        if isinstance(item, BadRow):
            report(f"row {item.number}", item.reason)
        else:
            yield services.Incoming(item.id, body=item.text, metadata=metadata)


def paths(pairs: Sequence[Sequence[str]]) -> list[tuple[Path, str]]:
    """Each file once with its path within its folder, in order of the paths."""
    found: dict[Path, str] = {}
    for folder, pattern in pairs:
        root, matches = matching(folder, pattern)
        for path in matches:
            found.setdefault(path, path.relative_to(root).as_posix())
    return list(found.items())


def matching(folder: str, pattern: str) -> tuple[Path, list[Path]]:
    """The folder and its files that the pattern fits, in order. Raises CommandError."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise usage(f"{folder} is not a folder.")
    try:
        return root, sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise usage(f"{pattern!r} is not a pattern like '**/*.md': {error}.") from error


def decoded(
    files: Iterable[tuple[Path, str]],
    encodings: Sequence[str],
    before: str,
    metadata: dict[str, Any],
    report: Report,
) -> Iterator[services.Incoming]:
    """Files read as text in the first of the encodings that fits, with `before` put first."""
    for path, name in files:
        try:
            data = path.read_bytes()
        except OSError as error:
            report(name, f"The file cannot be read: {error.strerror}.")
            continue
        text = _decoded(data, encodings or ENCODINGS)
        if text is None:
            report(name, f"Could not decode text in file {path}")
        else:
            yield services.Incoming(
                safe_id(name), body=before + text, media_type=media_type(name), metadata=metadata
            )


def _decoded(data: bytes, encodings: Sequence[str]) -> str | None:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
        except LookupError as error:
            raise usage(f"There is no encoding {encoding!r}.") from error
    return None
