"""How good search and answers are: `evaluate COLLECTION`, and with `--answers FILE` its answers.

In the place of search_app's command, which it is but for that option.
"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.services import Rejected
from rag_app.answer import measuring
from search_app.management.commands import evaluate

LABELS = {
    "recall@5": "right documents among the first 5",
    "facts": "expected facts in the answer",
    "answered": "answered, of those that can be",
    "refused": "refused, of those that cannot be",
    "supported": "sentences that passages support",
    "supporting": "citations that support their sentence",
    "expected": "citations of right documents",
}


DEMO = Path(__file__).resolve().parents[2] / "demo"
WIDTH, COLUMN = 40, 13  # characters of a label, and of a figure


class Command(evaluate.Command):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--answers",
            type=Path,
            metavar="FILE",
            help="ask these questions, as JSON, instead; demo: those for the demo collection",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["answers"]:
            return super().handle(*args, **options)
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            known = measuring.questions(_file(options["answers"], collection.name).read_bytes())
            rows = [measuring.measured(user, collection, one) for one in known]
        except OSError as error:
            raise CommandError(f"{options['answers']}: {error.strerror}.") from error
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        figures = measuring.figures(rows)
        kinds = measuring.by_documents(rows)
        if options["json"]:
            told = {**figures, "by_documents": kinds, "by_question": [asdict(one) for one in rows]}
            self.stdout.write(json.dumps(told, indent=2))
            return None
        self._table({"all": figures} | {_takes(n): one for n, one in kinds.items() if n})
        return None

    def _table(self, columns: dict[str, dict[str, float | int | None]]) -> None:
        """A line for each figure, a column for each kind of question."""
        counts = {"questions": "questions", "answerable": "that have an answer"}
        self.stdout.write(" " * WIDTH + "".join(f"{name:>{COLUMN}}" for name in columns))
        for name, label in (counts | LABELS).items():
            cells = "".join(f"{_cell(one[name]):>{COLUMN}}" for one in columns.values())
            self.stdout.write(f"{label:<{WIDTH}}{cells}")


def _file(given: Path, collection: str) -> Path:
    """The file itself, or what comes with the site for a demo collection."""
    if given != Path("demo") or given.exists():
        return given
    known = {one.stem: one for one in DEMO.glob("*.json")}
    if collection not in known:
        raise CommandError(f"Demo questions are there for: {', '.join(sorted(known))}.")
    return known[collection]


def _takes(documents: int) -> str:
    return f"{documents} document{'s' if documents > 1 else ''}"


def _cell(value: float | int | None) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
