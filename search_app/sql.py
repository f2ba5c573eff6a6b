"""Typed SQL: run over what a user may see, and kept under a name."""

import csv
import io
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.models import Collection, EmbeddingModel
from collections_app.services import Rejected, default_model
from search_app.analysis.sql_text import Refused, Statement, statement
from search_app.asking import UNREADABLE
from search_app.models import SavedQuery, SqlRun
from search_app.queries import sql_reader
from search_app.queries.sql_reader import Failed, NotSetUp, Table
from search_app.queries.vectors import text as vector_text

KEPT = 200  # runs of one user, for the audit
AT_ONCE = 2  # queries of one user: each may fill a gigabyte before a limit stops it
ENDED = timedelta(seconds=30)  # after its start: the run of a process that died
RESERVED = frozenset({"sql", "model", "export", "page", "csrfmiddlewaretoken"})
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet run a cell


@dataclass(frozen=True)
class Answer:
    """What a query gave, and how long it took; `more`: only the first rows are here."""

    columns: list[str]
    rows: list[list[Any]]
    more: bool
    milliseconds: int


def read(sql: str) -> Statement:
    """The query as it will be sent. Raises Rejected."""
    try:
        made = statement(sql)
    except Refused as error:
        raise Rejected(str(error)) from error
    if taken := RESERVED.intersection(made.parameters):
        raise Rejected(_("A parameter cannot be called “%(name)s”.") % {"name": min(taken)})
    return made


def run(
    user: User, sql: str, given: Mapping[str, str], model: EmbeddingModel | None = None
) -> Answer:
    """Run a query with its parameters over what the user may see, and keep that it was run.

    Raises Rejected: what is not allowed, a parameter that is missing, what the database said;
    and ModelMissing, where a parameter is to be embedded.
    """
    made = read(sql)
    if lacking := [name for name in made.parameters if name not in given]:
        raise Rejected(_("Fill in: %(names)s") % {"names": ", ".join(lacking)})
    values = _values(made, given, model)
    begun = SqlRun.objects.create(
        user=user,
        sql=sql,
        token=uuid.uuid4(),
        collections=list(Collection.objects.visible_to(user).values_list("pk", flat=True)),
    )
    started = time.monotonic()
    table, error = None, ""
    try:
        _wait_for_others(begun)
        table = _read(begun, made, values)
    except Rejected as rejected:
        error = str(rejected)
        raise
    finally:
        spent = round(1000 * (time.monotonic() - started))
        _finish(begun, spent, table, error)
    return Answer(table.columns, table.rows, table.more, spent)


def _wait_for_others(begun: SqlRun) -> None:
    """Raises Rejected while so many earlier queries of the user run as may at once."""
    running = SqlRun.objects.filter(user=begun.user_id, token__isnull=False, pk__lt=begun.pk)
    if running.filter(started__gt=Now() - ENDED).count() >= AT_ONCE:
        raise Rejected(_("Your last queries still run. Try again in a second."))


def _read(begun: SqlRun, made: Statement, values: list[str]) -> Table:
    assert begun.token is not None
    try:
        table = sql_reader.read(begun.token, made.sql, values)
    except NotSetUp as error:
        raise Rejected(not_set_up()) from error
    except Failed as error:
        raise Rejected(str(error)) from error
    if table.more and not table.rows:
        raise Rejected(_("The first row is larger than what is given out: ask for less of it."))
    return table


def is_ready() -> bool:
    return bool(settings.SQL_READER)


def not_set_up() -> str:
    return _(
        "SQL is not set up: it needs a database role of its own. An administrator makes it with "
        "manage.py sql_role, and sets SQL_DATABASE_URL; the embedded server gets it when it "
        "starts the next time."
    )


def _values(made: Statement, given: Mapping[str, str], model: EmbeddingModel | None) -> list[str]:
    values = []
    for name, embedded in zip(made.bound, made.embedded, strict=True):
        text = given[name].replace("\x00", "")
        if embedded:
            readable = UNREADABLE.sub(" ", text).strip()
            if not readable:
                raise Rejected(_("There is nothing to embed in “%(name)s”.") % {"name": name})
            text = vector_text(vectors.embed_query(model or default_model(), readable))
        values.append(text)
    return values


def _finish(begun: SqlRun, spent: int, table: Table | None, error: str) -> None:
    """The token opens nothing any more."""
    SqlRun.objects.filter(pk=begun.pk).update(
        token=None,
        collections=[],
        milliseconds=spent,
        rows=len(table.rows) if table else None,
        error=error,
    )
    kept = SqlRun.objects.filter(user=begun.user_id, token=None).values("pk")[KEPT : KEPT + 100]
    SqlRun.objects.filter(pk__in=list(kept.values_list("pk", flat=True))).delete()


def as_csv(answer: Answer) -> str:
    """With a header; a text that a spreadsheet would take for a formula begins with an
    apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(map(_cell, answer.columns))
    writer.writerows(map(_cell, row) for row in answer.rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text


def as_json(answer: Answer) -> str:
    """A list of objects, one a row; of columns with one name the last counts."""
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return json.dumps(rows, ensure_ascii=False, indent=1)


def save(
    user: User, name: str, sql: str, *, slug: str = "", visibility: str = "private",
    description: str = "",
) -> SavedQuery:  # fmt: skip
    """Keep a query, or change the user's own with this slug. Raises Rejected."""
    read(sql)
    values = {"name": name, "sql": sql, "visibility": visibility, "description": description}
    if slug:
        found = SavedQuery.objects.editable_by(user).filter(slug=slug).first()
        if found is None:
            raise Rejected(_("There is no such query of yours."))
        for field, value in values.items():
            setattr(found, field, value)
        found.save()
        return found
    return SavedQuery.objects.create(owner=user, **values)


@dataclass(frozen=True)
class Example:
    title: str
    sql: str


def examples() -> Iterable[Example]:
    """Queries to begin with: of the talk that this page takes after."""
    return [
        Example(
            _("Nearest passages, with scores"),
            "SELECT round(cosine(v.vector, embed(:input))::numeric, 3) AS score,\n"
            "       d.title, left(p.text, 200) AS passage, d.url\n"
            "FROM passage_vectors v\n"
            "JOIN passages p ON p.id = v.passage_id\n"
            "JOIN documents d ON d.id = v.document_id\n"
            "ORDER BY v.vector <=> embed(:input)\n"
            "LIMIT 10",
        ),
        Example(
            _("Related documents of one"),
            "SELECT r.rank, round(r.score::numeric, 3) AS score, d.title, d.url\n"
            "FROM related r JOIN documents d ON d.id = r.other_id\n"
            "WHERE r.document_id = :document\n"
            "ORDER BY r.rank",
        ),
        Example(
            _("Related, counted anew from vectors"),
            "SELECT d.title, cosine(one.vector, other.vector) AS score\n"
            "FROM document_vectors one\n"
            "JOIN document_vectors other USING (collection_id)\n"
            "JOIN documents d ON d.id = other.document_id\n"
            "WHERE one.document_id = :document AND other.document_id <> one.document_id\n"
            "ORDER BY score DESC LIMIT 10",
        ),
        Example(
            _("The average of vectors, and what is nearest to it"),
            "WITH middle AS (\n"
            "  SELECT average(v.vector) AS vector FROM document_vectors v\n"
            "  JOIN documents d ON d.id = v.document_id WHERE d.title ILIKE '%' || :word || '%'\n"
            ")\n"
            "SELECT d.title, cosine(v.vector, middle.vector) AS score\n"
            "FROM middle, document_vectors v JOIN documents d ON d.id = v.document_id\n"
            "ORDER BY score DESC LIMIT 10",
        ),
        Example(
            _("A vector as JSON"),
            "SELECT model, vector_json(vector) AS vector\n"
            "FROM document_vectors WHERE document_id = :document",
        ),
        Example(
            _("What is in each collection"),
            "SELECT c.name, c.model, count(d.id) AS documents, sum(d.tokens) AS tokens\n"
            "FROM collections c LEFT JOIN documents d ON d.collection_id = c.id\n"
            "GROUP BY c.id, c.name, c.model ORDER BY documents DESC",
        ),
    ]
