"""Search as the page has it: `search TEXT -c COLLECTION --filter year:2020..2024`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from collections_app.encoders import ModelMissing
from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import reranking
from search_app.search import DEEPEST, Hit, Results, search
from search_app.serializers.hits import ResultsSerializer


class Command(BaseCommand):
    help = "Search by meaning and by words, with the syntax and the filters of the search page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", nargs="?", default="", help="what to look for")
        parser.add_argument("-c", "--collection", help="by its name; everything if left out")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="FIELD:VALUE", help="may come again"
        )
        parser.add_argument("--sort", default="", help="added, -added, or a field with numbers")
        parser.add_argument("--no-rerank", action="store_true", help="without the reranker")
        parser.add_argument("--limit", type=int, default=10, help="how many (10)")
        parser.add_argument("--json", action="store_true", help="what the API answers")
        parser.add_argument("--user", help="who searches: a user name (the administrator)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["limit"] <= DEEPEST:
            raise CommandError(f"The limit must be from 1 to {DEEPEST}.")
        user = shared.owner({"owner": options["user"]})
        try:
            found = search(
                user,
                options["text"],
                collection=_collection(user, options["collection"]),
                limit=options["limit"],
                wanted=options["filter"],
                sort=options["sort"],
                rerank=not options["no_rerank"],
            )
        except (Rejected, ModelMissing) as error:
            raise CommandError(str(error)) from error
        if found.rerank_problem:
            self.stderr.write(f"Ranked without the reranker. {reranking.problem()}")
        if options["json"]:
            self.stdout.write(json.dumps(ResultsSerializer(found).data, ensure_ascii=False))
            return
        for line in _lines(found):
            self.stdout.write(line)


def _collection(user: User, name: str | None) -> Collection | None:
    """The one of this name that the user may see; their own where several have it."""
    if name is None:
        return None
    named = Collection.objects.visible_to(user).filter(name=name).order_by("pk")
    found = next((one for one in named if one.owner_id == user.pk), named.first())
    if found is None:
        raise CommandError(f"{user} sees no collection {name!r}.")
    return found


def _lines(found: Results) -> list[str]:
    """Place, score, title and address in the collection of each, and its snippet set in."""
    if not found.hits:
        return ["Nothing found."]
    of = f"{found.total}" if found.exact else f"more than {found.total - 1}"
    lines = [f"{len(found.hits)} of {of}"]
    if not found.good_match:
        lines.append("Nothing matches this well. What is nearest:")
    for hit in found.hits:
        lines += _of_hit(hit)
    return lines


def _of_hit(hit: Hit) -> list[str]:
    collection = hit.document.collection.name
    where = f"{collection}/{hit.document.external_id}"
    lines = [f"{hit.place}. {hit.document} ({hit.score:.3f}) {where}"]
    snippet = " ".join("".join(piece for piece, _matched in hit.snippet).split())
    lines.append(f"   {snippet}")
    if hit.folded:
        ids = ", ".join(one.document.external_id for one in hit.folded)
        lines.append(f"   near duplicates: {ids}")
    return lines
