"""The registered embedding models: `embed_models list`, `register`, `probe`, `default`, …"""

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from collections_app import probes, services, vectors
from collections_app.management import options as shared
from collections_app.models import EmbeddingModel, ModelAlias, Probe
from collections_app.services.models import REGISTRABLE

NAMES = {  # how many each takes: least and most
    "list": (0, 0),
    "default": (0, 1),
    "alias": (2, 2),
    "unalias": (1, 1),
    "register": (2, 2),
    "probe": (1, 1),
    "delete": (1, 1),
}
COLUMNS = (
    "base_url",
    "token_limit",
    "truncate_dimension",
    "tokenizer",
    "query_prefix",
    "passage_prefix",
    "precision",
    "price_per_million_tokens",
)


class Command(shared.LlmCommand):
    help = "List embedding models, register and probe one, choose the default, give it an alias."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=list(NAMES), default="list")
        parser.add_argument("names", nargs="*", help="register BACKEND ID, alias ALIAS MODEL, …")
        parser.add_argument("-q", "--query", action="append", default=[], help="list these only")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        parser.add_argument(
            "--remove-default", action="store_true", help="back to the model that comes along"
        )
        _add_columns(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        action, names = options["action"], options["names"]
        least, most = NAMES[action]
        if not least <= len(names) <= most:
            raise shared.usage(f"{action} takes {most} name{'' if most == 1 else 's'}.")
        if action == "list":
            self._list(options)
        elif action == "default":
            self._default(*names, remove=options["remove_default"])
        elif action == "alias":
            _alias(*names)
        elif action == "unalias":
            _unalias(*names)
        else:
            try:
                self._registry(action, names, options)
            except services.Rejected as error:
                raise CommandError(str(error)) from error

    def _registry(self, action: str, names: list[str], options: dict[str, Any]) -> None:
        if action == "register":
            given = {name: options[name] for name in COLUMNS if options[name] is not None}
            made = services.register(
                *names,
                name=options["name"],
                api_key=_key(options["key_file"]),
                normalised=not options["as_given"],
                **given,
            )
            self._probe(made)
        elif action == "probe":
            model = shared.model(names[0])
            services.request_probe(model)
            self._probe(model)
        else:
            services.delete_model(shared.model(names[0]))

    def _probe(self, model: EmbeddingModel) -> None:
        """In this process, unless a worker has it already; then that is waited for by nobody."""
        if claimed := probes.claim(model.pk):
            probes.run(claimed)
        probe = model.probes.first()
        if probe is None or probe.state in probes.OPEN:
            self.stdout.write(f"A worker is at the probe of {model.name}. See: embed_models list.")
            return
        if probe.state != Probe.State.PASSED:
            raise CommandError(f"{model.name} failed its probe: {probe.error}")
        for warning in probe.found["warnings"]:
            self.stderr.write(warning)
        self.stdout.write(json.dumps({"name": model.name, **probe.found}, indent=4))

    def _list(self, options: dict[str, Any]) -> None:
        services.default_model()  # on a new site, it is made by the first who asks
        models = EmbeddingModel.objects.with_probe().prefetch_related("aliases")
        found = [one for one in models if _matches(one, options["query"])]
        if options["json"]:
            self.stdout.write(json.dumps([_details(one) for one in found], indent=4))
            return
        for one in found:
            names = ", ".join(_aliases(one))
            self.stdout.write(f"{_title(one)}{f' (aliases: {names})' if names else ''}")

    def _default(self, name: str | None = None, *, remove: bool) -> None:
        if remove:
            EmbeddingModel.objects.filter(is_default=True).update(is_default=False)
        elif name:
            services.make_default(shared.model(name))
        else:
            self.stdout.write(services.default_model().name)


def _add_columns(parser: ArgumentParser) -> None:
    """Of `register`. What is left out is found out."""
    parser.add_argument("--name", default="", help="how it is called here (the end of its id)")
    parser.add_argument("--base-url", help="of an OpenAI-compatible server, up to /v1")
    parser.add_argument("--key-file", help="a file with the server's key; - is standard input")
    parser.add_argument("--token-limit", type=int, help="the most it reads of a text")
    parser.add_argument("--truncate-dimension", type=int, help="cut vectors to so many numbers")
    parser.add_argument("--tokenizer", help="folder or package:NAME with its tokenizer.json")
    parser.add_argument("--query-prefix", help="put before queries")
    parser.add_argument("--passage-prefix", help="put before passages")
    parser.add_argument("--precision", choices=list(EmbeddingModel.Precision))
    parser.add_argument("--price-per-million-tokens", type=Decimal)
    parser.add_argument(
        "--as-given", action="store_true", help="do not bring vectors to unit length"
    )
    parser.epilog = f"Backends of register: {', '.join(REGISTRABLE)}."


def _key(file: str | None) -> str:
    """Not on the command line, where everyone on the machine could read it."""
    if file is None:
        return ""
    try:
        return (sys.stdin.read() if file == "-" else Path(file).read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise shared.usage(f"{file} cannot be read: {error}.") from error


def _alias(alias: str, name: str) -> None:
    model = shared.model(name)
    if EmbeddingModel.objects.filter(name=alias).exists():
        raise CommandError(f"{alias!r} is the name of a model. Choose another alias.")
    ModelAlias.objects.update_or_create(name=alias, defaults={"model": model})


def _unalias(alias: str) -> None:
    if not ModelAlias.objects.filter(name=alias).delete()[0]:
        raise CommandError(f"No such alias: {alias}")


def _title(model: EmbeddingModel) -> str:
    title = f"{model.backend}: {model.name}"
    return title if model.usable else f"{title} ({model.state})"


def _aliases(model: EmbeddingModel) -> list[str]:
    return [alias.name for alias in model.aliases.all()]


def _matches(model: EmbeddingModel, queries: list[str]) -> bool:
    names = [name.lower() for name in (_title(model), *_aliases(model))]
    return all(any(query.lower() in name for name in names) for query in queries)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _details(model: EmbeddingModel) -> dict[str, Any]:
    found = vectors.report(model)
    return {
        "name": model.name,
        "backend": model.backend,
        "aliases": _aliases(model),
        "dimension": model.dimension,
        "token_limit": model.token_limit,
        "default": model.is_default,
        "state": model.state,
        "probed": _iso(getattr(model, "probed", None)),
        "precision": model.precision,
        "engine": found.engine,
        "cosine": found.mean,
        "least_cosine": found.least,
        "neighbours_kept": found.kept,
        "why_not_faster": found.refused,
    }
