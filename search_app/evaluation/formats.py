"""Judged queries in files: the forms of BEIR and of TREC, read and written.

Queries: lines of JSON with `_id` (or `id`) and `text`; TREC topics with `<num>` and
`<title>`; or lines of id, tab, text. Judgements: id of the query, id of the document and
grade between tabs, with or without a heading; or TREC's four columns between spaces.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from collections_app.services import Rejected
from search_app.models import BEST_GRADE

HEADING = ("query-id", "corpus-id", "score")  # BEIR's
TOPIC = re.compile(r"<num>\s*(?:Number:)?\s*(\S+?)\s*(?=<)(.*)", re.DOTALL | re.IGNORECASE)
TITLE = re.compile(r"<title>\s*(?:Topic:)?\s*(.*?)\s*(?=<|\Z)", re.DOTALL | re.IGNORECASE)
TOP = re.compile(r"<top>(.*?)</top>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class BadLine:
    """What was passed over: where in which file, and why."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass
class Read:
    """What a file held, and what of it made no sense."""

    rows: list[Any] = field(default_factory=list)
    problems: list[BadLine] = field(default_factory=list)


def json_lines(file: str, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]] | BadLine]:
    """The objects of a file of JSON lines, each with its line's number; empty lines pass."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            yield BadLine(file, number, _("This line is not JSON."))
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield BadLine(file, number, _("This line is not a JSON object."))


def id_in(value: dict[str, Any]) -> str:
    """`_id`, or `id`, as text; empty where there is none."""
    found = value.get("_id", value.get("id"))
    plain = isinstance(found, str | int) and not isinstance(found, bool)
    return str(found).strip() if plain else ""


def queries(file: str, text: str) -> Read:
    """(line, id, text) of each query."""
    start = text.lstrip("\ufeff \t\r\n")
    if start[:4].lower() == "<top":
        return _topics(file, text)
    lines = text.removeprefix("\ufeff").splitlines()
    return _query_objects(file, lines) if start[:1] == "{" else _query_rows(file, lines)


def judgements(file: str, text: str) -> Read:
    """(line, id of the query, id of the document, grade) of each judgement, 0 to 3.

    Grades below 0 count as 0 and above 3 as 3: other scales go further.
    """
    read = Read()
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split("\t") if line.count("\t") == 2 else line.split()
        if len(parts) == 4:
            parts.pop(1)  # TREC's second column is no longer used
        if len(parts) != 3:
            message = _("A judgement has three columns (query, document, grade), or TREC's four.")
            read.problems.append(BadLine(file, number, message))
            continue
        query, document, grade = (part.strip() for part in parts)
        try:
            value = round(float(grade))
        except (ValueError, OverflowError):
            if number > 1:  # the first line may be a heading
                message = _("The grade “%(grade)s” is not a number.") % {"grade": grade}
                read.problems.append(BadLine(file, number, message))
            continue
        read.rows.append((number, query, document, min(max(value, 0), BEST_GRADE)))
    return read


Query = tuple[str, str, list[tuple[str, int]]]  # id, text, (document, grade) of each judgement


def beir(judged: Iterable[Query]) -> bytes:
    """A ZIP file with queries.jsonl and qrels/test.tsv."""
    lines, rows = [], ["\t".join(HEADING)]
    for name, text, grades in judged:
        lines.append(json.dumps({"_id": name, "text": text}, ensure_ascii=False))
        rows += [f"{name}\t{document}\t{grade}" for document, grade in grades]
    return _zip({"queries.jsonl": lines, "qrels/test.tsv": rows})


def trec(judged: Iterable[Query]) -> bytes:
    """A ZIP file with topics.txt and qrels.txt. Raises Rejected for ids with spaces."""
    topics, rows = [], []
    for name, text, grades in judged:
        title = text.replace("<", " ")
        topics.append(f"<top>\n<num> Number: {name}\n<title> {title}\n</top>\n")
        for document, grade in grades:
            if len(f"{name} {document}".split()) != 2:
                raise Rejected(
                    _(
                        "TREC's form has no spaces in ids, and “%(id)s” has one. "
                        "Take the form of BEIR."
                    )
                    % {"id": document}
                )
            rows.append(f"{name} 0 {document} {grade}")
    return _zip({"topics.txt": topics, "qrels.txt": rows})


def _query_objects(file: str, lines: Iterable[str]) -> Read:
    read = Read()
    for one in json_lines(file, lines):
        if isinstance(one, BadLine):
            read.problems.append(one)
            continue
        number, value = one
        name, text = id_in(value), value.get("text")
        if name and isinstance(text, str):
            read.rows.append((number, name, text))
        else:
            message = _("A query has an “_id” and a “text”.")
            read.problems.append(BadLine(file, number, message))
    return read


def _query_rows(file: str, lines: Iterable[str]) -> Read:
    read = Read()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, tab, text = line.partition("\t")
        if tab:
            read.rows.append((number, name.strip(), text))
        else:
            message = _("A query is its id, a tab and its text, or an object of JSON.")
            read.problems.append(BadLine(file, number, message))
    return read


def _topics(file: str, text: str) -> Read:
    read = Read()
    for top in TOP.finditer(text):
        number = text.count("\n", 0, top.start()) + 1
        found = TOPIC.search(top[1])
        title = TITLE.search(found[2]) if found else None
        if found and title:
            read.rows.append((number, found[1], " ".join(title[1].split())))
        else:
            message = _("A topic has a <num> and a <title>.")
            read.problems.append(BadLine(file, number, message))
    return read


def _zip(files: dict[str, list[str]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, lines in files.items():
            packed.writestr(name, "".join(f"{line}\n" for line in lines))
    return made.getvalue()
