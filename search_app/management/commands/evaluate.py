"""How good search is over a collection's judged queries: `evaluate COLLECTION`.

`--compare A B` sets two settings side by side, `--tune` looks for better weights.
"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.models import Collection
from collections_app.services import Rejected
from search_app import quality
from search_app.evaluation import formats, importing, weighing
from search_app.evaluation.measures import NAMES, NDCG
from search_app.evaluation.searching import SETTINGS
from search_app.models import Evaluation

PAUSE_SECONDS = 0.5
SETTING = f"{', '.join(SETTINGS)}, or changes to the weights as a JSON object"


class Command(BaseCommand):
    help = "Run a collection's judged queries and print nDCG@10, recall@100, MRR and P@5."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--weights", type=_setting, default={}, help=SETTING)
        what.add_argument("--meaning-only", action="store_true", help="without keywords")
        what.add_argument("--keywords-only", action="store_true", help="without meaning")
        what.add_argument(
            "--compare", nargs=2, type=_setting, metavar=("A", "B"), help=f"each: {SETTING}"
        )
        what.add_argument("--tune", action="store_true", help="look for better weights")
        what.add_argument("--revert", action="store_true", help="go back to the weights before")
        what.add_argument("--export", type=Path, help="write the judged queries to this ZIP file")
        parser.add_argument("--apply", action="store_true", help="rank by what --tune has found")
        parser.add_argument("--trec", action="store_true", help="--export in TREC's form")
        parser.add_argument("--seconds", type=int, default=300, help="most of --tune (300)")
        parser.add_argument("--seed", type=int, default=0, help="of halves and intervals (0)")
        parser.add_argument("--at-least", type=float, help="fail where nDCG@10 is lower")
        parser.add_argument("--json", action="store_true", help="figures of each query as well")
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        collection = shared.collection(user, options["collection"])
        if options["apply"] and not options["tune"]:
            raise shared.usage("--apply goes with --tune.")
        try:
            if options["revert"]:
                weighing.revert(collection)
                self.stdout.write("The weights are those before the last change.")
            elif options["export"]:
                self._export(collection, options)
            else:
                self._evaluate(quality.request(collection, user, **_wanted(options)), options)
        except Rejected as error:
            raise CommandError(str(error)) from error

    def _evaluate(self, wish: Evaluation, options: dict[str, Any]) -> None:
        _wait(wish)
        if options["json"]:
            self.stdout.write(json.dumps({**wish.figures, "by_query": wish.queries}, indent=2))
        else:
            for line in _lines(wish):
                self.stdout.write(line)
        if options["apply"]:
            quality.apply(wish)
            self.stderr.write("The collection is ranked by these weights now.")
        least = options["at_least"]
        if least is not None and (wish.ndcg or 0.0) < least:
            raise CommandError(f"nDCG@10 is {wish.ndcg:.4f}, and {least} was wanted.")

    def _export(self, collection: Collection, options: dict[str, Any]) -> None:
        user = shared.owner(options)
        queries = importing.written(quality.judged(user, collection))
        written = formats.trec(queries) if options["trec"] else formats.beir(queries)
        try:
            options["export"].write_bytes(written)
        except OSError as error:
            raise CommandError(f"{options['export']}: {error.strerror}.") from error
        self.stdout.write(f"{len(queries)} queries in {options['export']}.")


def _setting(given: str) -> dict[str, Any]:
    """For argparse: a setting by name, or as JSON."""
    if given in SETTINGS:
        return SETTINGS[given]
    try:
        return shared.json_object(given)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"neither one of {', '.join(SETTINGS)} nor {error}") from error


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"seed": options["seed"], "seconds": options["seconds"]}
    if options["compare"]:
        first, second = options["compare"]
        return wanted | {"kind": quality.Kind.COMPARISON, "weights": first, "other": second}
    if options["tune"]:
        return wanted | {"kind": quality.Kind.TUNING}
    if options["meaning_only"]:
        return wanted | {"weights": SETTINGS["meaning-only"]}
    if options["keywords_only"]:
        return wanted | {"weights": SETTINGS["keywords-only"]}
    return wanted | {"weights": options["weights"]}


def _wait(wish: Evaluation) -> None:
    """Do it here, or wait for the worker that took it."""
    while wish.state == Evaluation.State.QUEUED:
        if not quality.run(wish.pk):
            time.sleep(PAUSE_SECONDS)
        wish.refresh_from_db()
    if wish.state == Evaluation.State.FAILED:
        raise CommandError(wish.error)


def _lines(wish: Evaluation) -> list[str]:
    figures = wish.figures
    lines = [f"{figures['queries']} queries, {figures['model']}, {figures['seconds']} s"]
    if figures["left_out"]:
        lines.append(f"{figures['left_out']} queries left out: nothing right for them is here")
    if "halves" in figures:
        lines.append(f"{figures['tried']} weights tried; below, the half that was held out")
    for name, label in NAMES.items():
        parts = [_interval(figures["measures"][name])]
        if "other" in figures:
            parts.append(f"-> {_interval(figures['other']['measures'][name])}")
            parts.append(f"  by {_interval(figures['difference'][name], '+')}")
        lines.append(f"{label:<11}{' '.join(parts)}")
    if "halves" in figures:
        lines.append(f"on the other half nDCG@10 by {_interval(figures['tuned_half'][NDCG], '+')}")
        lines.append(f"weights {json.dumps(figures['other']['weights'])}")
    return lines


def _interval(one: dict[str, float | None], sign: str = "") -> str:
    mean = f"{one['mean']:{sign}.4f}"
    return mean if one["low"] is None else f"{mean} [{one['low']:{sign}.4f}, {one['high']:.4f}]"
