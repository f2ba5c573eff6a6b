"""The registered embedding models: `embed_models list`, `default`, `alias`, `unalias`."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from collections_app import services, vectors
from collections_app.management import options as shared
from collections_app.models import EmbeddingModel, ModelAlias


class Command(shared.LlmCommand):
    help = "List the registered embedding models, choose the default one, or give one an alias."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = ["list", "default", "alias", "unalias"]
        parser.add_argument("action", nargs="?", choices=actions, default="list")
        parser.add_argument("names", nargs="*", help="default MODEL, alias ALIAS MODEL, …")
        parser.add_argument("-q", "--query", action="append", default=[], help="list these only")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")
        parser.add_argument(
            "--remove-default", action="store_true", help="back to the model that comes along"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        action, names = options["action"], options["names"]
        most = {"list": 0, "default": 1, "alias": 2, "unalias": 1}[action]
        if len(names) > most or (action in ("alias", "unalias") and len(names) < most):
            raise shared.usage(f"{action} takes {most} name{'' if most == 1 else 's'}.")
        if action == "list":
            self._list(options)
        elif action == "default":
            self._default(*names, remove=options["remove_default"])
        elif action == "alias":
            _alias(*names)
        else:
            _unalias(*names)

    def _list(self, options: dict[str, Any]) -> None:
        services.default_model()  # on a new site, it is made by the first who asks
        models = EmbeddingModel.objects.prefetch_related("aliases")
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


def _alias(alias: str, name: str) -> None:
    model = shared.model(name)
    if EmbeddingModel.objects.filter(name=alias).exists():
        raise CommandError(f"{alias!r} is the name of a model. Choose another alias.")
    ModelAlias.objects.update_or_create(name=alias, defaults={"model": model})


def _unalias(alias: str) -> None:
    if not ModelAlias.objects.filter(name=alias).delete()[0]:
        raise CommandError(f"No such alias: {alias}")


def _title(model: EmbeddingModel) -> str:
    return f"{model.backend}: {model.name}"


def _aliases(model: EmbeddingModel) -> list[str]:
    return [alias.name for alias in model.aliases.all()]


def _matches(model: EmbeddingModel, queries: list[str]) -> bool:
    names = [name.lower() for name in (_title(model), *_aliases(model))]
    return all(any(query.lower() in name for name in names) for query in queries)


def _details(model: EmbeddingModel) -> dict[str, Any]:
    found = vectors.report(model)
    return {
        "name": model.name,
        "backend": model.backend,
        "aliases": _aliases(model),
        "dimension": model.dimension,
        "token_limit": model.token_limit,
        "default": model.is_default,
        "precision": model.precision,
        "engine": found.engine,
        "cosine": found.mean,
        "least_cosine": found.least,
        "neighbours_kept": found.kept,
        "why_not_faster": found.refused,
    }
