"""Sums and differences of words: `words 'germany + paris - france'`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.management.waiting import embed_all
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import words as service
from search_app.analysis import sums

BATCH = 512  # documents embedded and committed together


class Command(BaseCommand):
    help = "What is nearest to a word, or to a sum: 'germany + paris - france'."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sum", nargs="*", help="words with + or - before them; quote it")
        parser.add_argument("-c", "--collection", help="of words (the only one there is)")
        parser.add_argument("-n", "--number", type=int, default=10, help="how many (10)")
        parser.add_argument("--minus", action="append", default=[], help="a word to take away")
        parser.add_argument("--inputs", action="store_true", help="the words given may come too")
        parser.add_argument("-p", "--plain", action="store_true", help="text instead of JSON")
        parser.add_argument("--make", metavar="NAME", help="make a list of common words first")
        shared.add_model(parser)
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        plus, minus = sums.parse(" ".join(_signed(options["sum"])))
        minus += options["minus"]
        try:
            if options["make"]:
                made = service.make(user, options["make"], shared.model(options["model"]))
                embed_all(made, lambda left: None, batch=BATCH)
            else:
                made = _collection(user, options["collection"])
            if options["make"] and not (plus or minus):
                self.stdout.write(f"{made}: {made.documents.count()} words.")
                return
            limit = min(max(options["number"], 1), service.MOST_NEAR)
            found = service.arithmetic(
                user, made, plus, minus, limit=limit, inputs=options["inputs"]
            )
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        for one in found.near:
            self.stdout.write(_line(one, plain=options["plain"]))


def _signed(given: list[str]) -> list[str]:
    """`germany paris -france`: of several arguments each is a word of its own."""
    if len(given) < 2 or any(one in "+-" for one in given):
        return given
    return [one if one[:1] in ("+", "-") else f"+ {one}" for one in given]


def _line(one: service.Near, *, plain: bool) -> str:
    word = one.document.external_id
    if plain:
        return f"{one.score:.4f}  {word}"
    return json.dumps({"word": word, "score": one.score}, ensure_ascii=False)


def _collection(user: User, name: str | None) -> Collection:
    if name:
        found = service.named(user, name)
        if found is None:
            raise CommandError(f"There are no words named {name!r}. {_known(user)}")
        return found
    there = list(service.collections(user)[:2])
    if len(there) != 1:
        raise CommandError(f"Say which words, with -c. {_known(user)}")
    return there[0]


def _known(user: User) -> str:
    names = ", ".join(repr(one.name) for one in service.collections(user)[:20])
    return f"There are: {names}." if names else "Make some: manage.py words --make NAME."
