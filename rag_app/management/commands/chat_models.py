"""The chat models that can be asked: `chat_models list`, `add`, `change`, `try`, `delete`."""

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.services import Rejected
from rag_app.answer import chat_models, chats
from rag_app.models import ChatModel

NUMBERS = ("context_tokens", "answer_tokens", "tokens_per_day")


class Command(BaseCommand):
    help = "List, add, change, try or delete the chat models that write answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = ["list", "add", "change", "try", "delete"]
        parser.add_argument("action", nargs="?", choices=actions, default="list")
        parser.add_argument("names", nargs="*", help="add BACKEND MODEL; else the name")
        parser.add_argument("--name", help="how it is called here")
        parser.add_argument("--base-url", help="the server's address up to /v1")
        parser.add_argument("--key", help="its key; - reads it from standard input")
        for name in NUMBERS:
            parser.add_argument(f"--{name.replace('_', '-')}", type=int)
        parser.add_argument("--price-in", type=Decimal, help="of a million tokens of prompts")
        parser.add_argument("--price-out", type=Decimal, help="of a million tokens of answers")
        parser.add_argument("--default", action="store_true", dest="is_default")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        action, names = options["action"], options["names"]
        wanted = {"list": 0, "add": 2}.get(action, 1)
        if len(names) != wanted:
            raise CommandError(f"{action} takes {wanted} names.")
        if action == "list":
            return self._list(as_json=options["json"])
        try:
            return self._act(action, names, options)
        except Rejected as error:
            raise CommandError(str(error)) from error

    def _act(self, action: str, names: list[str], options: dict[str, Any]) -> None:
        if action == "add":
            row = chat_models.save(ChatModel(backend=names[0], ref=names[1]), **_given(options))
            return self.stdout.write(f"{row} can be asked.")
        row = _row(names[0])
        if action == "change":
            return self.stdout.write(f"{chat_models.save(row, **_given(options))} is changed.")
        if action == "delete":
            row.delete()
            return self.stdout.write(f"{row.name} is no longer asked.")
        found = chat_models.tried(row)
        if found.problem:
            raise CommandError(found.problem)
        return self.stdout.write(f"{found.said} ({found.seconds:.1f} s)")

    def _list(self, *, as_json: bool) -> None:
        known = chats.available()
        if as_json:
            rows = [{"name": one.name, "context_tokens": one.context_tokens} for one in known]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for place, one in enumerate(known):
            where = (one.row.base_url or one.row.backend) if one.row else "of the settings"
            self.stdout.write(f"{one.name}  {where}{'  default' if place == 0 else ''}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "base_url", *NUMBERS, "price_in", "price_out")
    given = {name: options[name] for name in names if options[name] is not None}
    if options["is_default"]:
        given["is_default"] = True
    if options["key"] is not None:
        given["api_key"] = sys.stdin.read().strip() if options["key"] == "-" else options["key"]
    return given


def _row(name: str) -> ChatModel:
    row = ChatModel.objects.filter(name=name).first()
    if row is None:
        raise CommandError(f"There is no chat model {name!r}.")
    return row
