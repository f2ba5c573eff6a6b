"""How good search and answers are: `evaluate COLLECTION`, and with `--answers` its answers.

In the place of search_app's command, which it is but for that option.
"""

import json
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app import quality
from rag_app.answer import measuring
from rag_app.evaluation import questions
from rag_app.evaluation.work import measured_of
from rag_app.models import AnswerEvaluation
from search_app.management.commands import evaluate

STORED = object()  # --answers without a file
WIDTH, COLUMN = 40, 13  # characters of a label, and of a figure


class Command(evaluate.Command):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--answers",
            type=Path,
            nargs="?",
            const=STORED,
            metavar="FILE",
            help="ask the collection's test questions, or those of this JSON file, instead;"
            " demo: those for the demo collection",
        )
        parser.add_argument("--save", action="store_true", help="keep the questions of the file")
        parser.add_argument("--chat", default="", help="a chat model, or quotes (the default one)")

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["answers"]
        if file is None:
            if options["save"] or options["chat"]:
                raise shared.usage("--save and --chat go with --answers.")
            return super().handle(*args, **options)
        if options["save"] and file is STORED:
            raise shared.usage("--save wants a file: --answers FILE --save.")
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            if options["export"]:
                return self._write(collection, options["export"])
            if file is not STORED and options["save"]:
                self._save(collection, file)
                file = STORED
            rows = self._asked(user, collection, file, options["chat"])
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        return self._tell(rows, as_json=options["json"])

    def _asked(
        self, user: User, collection: Collection, file: Any, chat: str
    ) -> list[measuring.Measured]:
        """Of a file: asked and forgotten. Of what is stored: kept as a run as well."""
        if file is not STORED:
            known = _read(file, collection.name)
            return [measuring.measured(user, collection, one, chat) for one in known]
        wish = quality.request(collection, user, chat)
        _wait(wish)
        self.stderr.write(f"Kept as evaluation {wish.pk}, answered by {wish.chat}.")
        return list(measured_of(wish).values())

    def _save(self, collection: Collection, file: Path) -> None:
        done = questions.bring_in(collection, _read(file, collection.name))
        for problem in done.problems:
            self.stderr.write(problem)
        told = f"{done.added} questions added, {done.changed} changed."
        if done.absent:
            told += f" Documents that the collection does not have: {done.absent}."
        self.stderr.write(told)

    def _write(self, collection: Collection, file: Path) -> None:
        given = questions.written(collection)
        try:
            file.write_text(json.dumps(given, indent=1, ensure_ascii=False) + "\n", "utf-8")
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        self.stdout.write(f"{len(given['questions'])} questions in {file}.")

    def _tell(self, rows: Sequence[measuring.Measured], *, as_json: bool) -> None:
        figures = measuring.figures(rows)
        kinds = measuring.by_documents(rows)
        if as_json:
            told = {**figures, "by_documents": kinds, "by_question": [asdict(one) for one in rows]}
            self.stdout.write(json.dumps(told, indent=2))
            return
        self._table({"all": figures} | {_takes(n): one for n, one in kinds.items() if n})
        for one in rows:
            if one.problem:
                self.stderr.write(f"Not answered: {one.question} {one.problem}")

    def _table(self, columns: dict[str, dict[str, float | int | None]]) -> None:
        """A line for each figure, a column for each kind of question."""
        counts = {"questions": "questions", "answerable": "that have an answer"}
        self.stdout.write(" " * WIDTH + "".join(f"{name:>{COLUMN}}" for name in columns))
        for name, label in (counts | measuring.LABELS).items():
            cells = "".join(f"{_cell(one[name]):>{COLUMN}}" for one in columns.values())
            self.stdout.write(f"{label!s:<{WIDTH}}{cells}")


def _read(given: Path, collection: str) -> list[measuring.Known]:
    """The questions of the file, or of what comes with the site for a demo collection."""
    file, known = given, questions.demo()
    if given == Path("demo") and not given.exists():
        if collection not in known:
            raise CommandError(f"Demo questions are there for: {', '.join(known)}.")
        file = known[collection]
    try:
        return measuring.questions(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{given}: {error.strerror}.") from error


def _wait(wish: AnswerEvaluation) -> None:
    """Do it here, or wait for the worker that took it."""
    while wish.state == AnswerEvaluation.State.QUEUED:
        more = quality.run(wish.pk)
        try:
            wish.refresh_from_db()
        except AnswerEvaluation.DoesNotExist:
            raise CommandError("The evaluation was deleted meanwhile.") from None
        if wish.state == AnswerEvaluation.State.QUEUED and not more:
            time.sleep(evaluate.PAUSE_SECONDS)
    if wish.state == AnswerEvaluation.State.FAILED:
        raise CommandError(wish.error)


def _takes(documents: int) -> str:
    return f"{documents} document{'s' if documents > 1 else ''}"


def _cell(value: float | int | None) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
