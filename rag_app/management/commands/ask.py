"""A question, answered from one's documents: `ask "How do I back up?" -c notes`."""

import json
import sys
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.services import Rejected
from rag_app import answer
from rag_app.answer import templates
from rag_app.answer.steering import Chosen
from rag_app.answer_text import told_waiting
from rag_app.language.prompts import MESSAGE, SYSTEM, Template
from rag_app.language.safe import visible
from rag_app.models import Answer, Citation, Question
from rag_app.serializers.answers import AnswerSerializer
from rag_app.templatetags.quotes import as_read

NOTHING = "No document is about this. Ask with other words, or add documents that are."


class Command(BaseCommand):
    help = "Answer a question from documents, by the chat model or by quotes, with its sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question", help="- reads it from standard input")
        parser.add_argument(
            "-c",
            "--collection",
            action="append",
            default=[],
            help="its name; several times for several (all that the owner may see)",
        )
        parser.add_argument(
            "--system", default="", help="who the chat model is to be, in a sentence"
        )
        parser.add_argument(
            "--template",
            type=Path,
            metavar="FILE",
            help="the words of the prompt, as JSON: system, message (those of the collection)",
        )
        parser.add_argument("--chat", default="", help="a chat model by name, or: quotes")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="FIELD:VALUE", help="may come again"
        )
        for name, use in (("pin", "that is to be used"), ("drop", "that is not to be")):
            parser.add_argument(
                f"--{name}",
                action="append",
                default=[],
                metavar="DOCUMENT-START-END",
                help=f"a passage {use}, by number and characters; may come again",
            )
        parser.add_argument("--after", metavar="ID", help="the question that this one follows")
        parser.add_argument(
            "--preview", action="store_true", help="ask nothing: print what would be sent"
        )
        parser.add_argument("--json", action="store_true", help="print all of the answer as JSON")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        if options["question"] == "-":
            options["question"] = sys.stdin.read()
        try:
            how = _how(user, options)
            if options["preview"]:
                _question, draft = answer.preview(user, options["question"], **how)
                self._preview(answer.drafted(draft, user), as_json=options["json"])
                return
            asked = answer.ask(user, options["question"], **how)
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        self._write(asked, silent=options["json"])
        asked.answer.refresh_from_db()
        reading = answer.read(asked)
        if options["json"]:
            data = AnswerSerializer(reading).data
            self.stdout.write(json.dumps(data, indent=4, ensure_ascii=False))
        else:
            self._sources(reading)
        if reading.error:
            raise CommandError(reading.error)
        if asked.answer.kind == Answer.Kind.NONE:
            number = reading.waiting
            raise CommandError(f"{NOTHING} {told_waiting(number)}" if number else NOTHING)

    def _preview(self, sent: answer.Sent | None, *, as_json: bool) -> None:
        if sent is None:
            raise CommandError("Nothing would be sent: no chat model is asked.")
        if as_json:
            self.stdout.write(json.dumps(sent.messages, indent=4, ensure_ascii=False))
            return
        for message in sent.messages:
            self.stdout.write(f"[{message['role']}]\n{message['content']}\n\n")
        self.stdout.write(f"{sent.tokens} tokens of {sent.limit}\n")
        for one in sent.left_out:
            self.stdout.write(f"left out: {one.document.external_id}: {one.in_words}\n")

    def _write(self, asked: Question, *, silent: bool) -> None:
        """Have the answer written; what a chat model says is printed as it comes."""
        written = False
        with closing(answer.stream(asked)) as events:
            for event in events:
                if event.kind == "text" and not silent:
                    written = True
                    self.stdout.write(event.data["text"], ending="")
                    self.stdout.flush()
        if written:
            self.stdout.write("\n")

    def _sources(self, reading: answer.Reading) -> None:
        if reading.answer.kind == Answer.Kind.EXTRACTIVE:
            self.stdout.write("Quoted from the documents, no language model:\n\n")
            for quote in reading.quotes:
                said = visible(_one_line(as_read(quote)))
                self.stdout.write(f"“{said}” [{quote.number}]\n")
        shown = reading.quotes
        if reading.error and not shown:
            shown = reading.passages
            self.stdout.write("Passages found:\n")
        if reading.answer.kind == Answer.Kind.NONE:
            shown = reading.passages
            if shown:
                self.stdout.write("The nearest passages:\n")
        self.stdout.write("")
        for citation in shown:
            self.stdout.write(_source(citation))


def _how(user: User, options: dict[str, Any]) -> dict[str, Any]:
    """What is asked of what, and how. Raises Rejected."""
    return {
        "among": [shared.collection(user, name) for name in options["collection"]],
        "chat": options["chat"],
        "filters": options["filter"],
        "pinned": [Chosen.read(key) for key in options["pin"]],
        "dropped": [Chosen.read(key) for key in options["drop"]],
        "role": options["system"],
        "after": _before(user, options["after"]),
        "template": _template(options["template"]),
    }


def _template(file: Path | None) -> Template | None:
    """What the file does not say is said in the site's own words. Raises Rejected."""
    if file is None:
        return None
    try:
        given = json.loads(file.read_bytes())
        texts = [given.get(name, own) for name, own in (("system", SYSTEM), ("message", MESSAGE))]
        if not given or set(given) - {"system", "message"} or not all(map(_is_text, texts)):
            raise ValueError
    except OSError as error:
        raise Rejected(f"{file}: {error.strerror}.") from error
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise Rejected(
            f"{file} is no template. It is a JSON object with “system”, “message” or both, each a"
            " text, as /api/collections/ID/prompt/ gives them."
        ) from error
    return templates.checked(*texts)


def _is_text(one: Any) -> bool:
    return isinstance(one, str) and bool(one.strip())


def _before(user: User, given: str | None) -> Question | None:
    if given is None:
        return None
    try:
        return Question.objects.visible_to(user).get(pk=UUID(given))
    except (ValueError, Question.DoesNotExist) as error:
        raise Rejected(f"{user} has asked no question {given!r}.") from error


def _source(citation: Citation) -> str:
    document = citation.document
    title = "" if str(document) == document.external_id else f"  {_one_line(str(document))}"
    # Visible: a terminal takes some of the other characters for orders.
    return visible(f"[{citation.number}] {document.external_id}{title}  ({citation.score:.2f})")


def _one_line(text: str) -> str:
    return " ".join(text.split())
