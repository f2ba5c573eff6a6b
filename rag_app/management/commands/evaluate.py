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
    "supported": "sentences that cite something",
}


class Command(evaluate.Command):
    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--answers", type=Path, metavar="FILE", help="ask these questions, as JSON, instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["answers"]:
            return super().handle(*args, **options)
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        try:
            known = measuring.questions(options["answers"].read_bytes())
            rows = [measuring.measured(user, collection, one) for one in known]
        except OSError as error:
            raise CommandError(f"{options['answers']}: {error.strerror}.") from error
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        figures = measuring.figures(rows)
        if options["json"]:
            by_question = [asdict(one) for one in rows]
            self.stdout.write(json.dumps({**figures, "by_question": by_question}, indent=2))
            return None
        self.stdout.write(f"{figures['questions']} questions, {figures['answerable']} answerable")
        for name, label in LABELS.items():
            value = figures[name]
            self.stdout.write(f"{label:<35}{'none' if value is None else f'{value:.3f}'}")
        return None
