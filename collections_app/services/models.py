"""Embedding models: registering them, changing them, and having them tried."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from collections_app import collection_names, sealed, tasks
from collections_app.encoders import prefixes
from collections_app.models import EmbeddingModel, ModelAlias, Probe
from collections_app.pipeline.split import MIN_LIMIT
from collections_app.probes import OPEN, in_use
from collections_app.storage import Rejected
from collections_app.wake import call_on_commit

Backend = EmbeddingModel.Backend
REGISTRABLE = (Backend.SENTENCE_TRANSFORMERS, Backend.OPENAI_COMPATIBLE, Backend.LLM_PLUGIN)
# What decides the vectors: it stays as it is once there are some.
FIXED = (
    "backend",
    "ref",
    "token_limit",
    "truncate_dimension",
    "passage_prefix",
    "normalised",
    "precision",
)
PROBED = (*FIXED, "base_url", "tokenizer", "secrets")  # a change of these asks for a new probe
MOST_TOKENS = 1_000_000
MOST_NUMBERS = 16_000
_HUB = re.compile(r"[\w.-]+(/[\w.-]+)?")


@transaction.atomic
def register(
    backend: str,
    ref: str,
    *,
    name: str = "",
    api_key: str = "",
    aliases: Iterable[str] = (),
    **fields: Any,
) -> EmbeddingModel:
    """A model that no collection can choose until its probe, which is asked for, has passed.

    `fields` are columns of it. A token limit that is left out is found out; prefixes that are
    left out are those that its name tells. Raises Rejected.
    """
    ref = ref.strip()
    told = dict(zip(("query_prefix", "passage_prefix"), prefixes(ref), strict=True))
    values = {"token_limit": 0} | told | {k: v for k, v in fields.items() if v is not None}
    model = EmbeddingModel(
        backend=backend,
        ref=ref,
        name=name.strip() or ref.rstrip("/").rsplit("/", 1)[-1].removeprefix("package:"),
        secrets=sealed.seal({"api_key": api_key} if api_key else {}, sealed.MODELS),
        state=EmbeddingModel.State.WAITING,
        **values,
    )
    model.dimension = model.truncate_dimension or 0
    _check(model)
    _save(model)
    set_aliases(model, aliases)
    request_probe(model)
    return model


@transaction.atomic
def change_model(
    model: EmbeddingModel, *, api_key: str | None = None, **fields: Any
) -> EmbeddingModel:
    """Change columns of the model; an `api_key` of None stays. Raises Rejected."""
    before = {name: getattr(model, name) for name in PROBED}
    for name, value in fields.items():
        setattr(model, name, value)
    if api_key is not None:
        model.secrets = sealed.seal({"api_key": api_key} if api_key else {}, sealed.MODELS)
    changed = {name for name, value in before.items() if getattr(model, name) != value}
    used = in_use().filter(pk=model.pk).exists()
    if fixed := sorted(changed & set(FIXED)):
        if used:
            raise Rejected(
                _("%(names)s: this decides the vectors, and there are some. Register it anew.")
                % {"names": ", ".join(fixed)}
            )
        model.dimension = model.truncate_dimension or 0
    _check(model)
    if changed and not used:
        model.state = EmbeddingModel.State.WAITING
    _save(model)
    if changed:
        request_probe(model, anew=True)
    return model


def delete_model(model: EmbeddingModel) -> None:
    """Raises Rejected for one that collections use."""
    if in_use().filter(pk=model.pk).exists():
        raise Rejected(_("Collections use %(model)s. Change their model first.") % {"model": model})
    model.delete()


@transaction.atomic
def request_probe(model: EmbeddingModel, *, anew: bool = False) -> Probe:
    """The probe that is open, or a new one; with `anew`, an open one is cancelled."""
    EmbeddingModel.objects.select_for_update(no_key=True).get(pk=model.pk)
    if anew:
        cancel_probe(model)
    probe = model.probes.filter(state__in=OPEN).first() or model.probes.create()
    call_on_commit(tasks.probe_models)
    return probe


def cancel_probe(model: EmbeddingModel) -> bool:
    """Whether one was open. A worker at it stops before its next step."""
    rows = model.probes.filter(state__in=OPEN)
    return rows.update(state=Probe.State.CANCELLED, claim_token=None, finished=Now()) > 0


@transaction.atomic
def set_aliases(model: EmbeddingModel, names: Iterable[str]) -> None:
    """These and no others. Raises Rejected for one that means another model."""
    wanted = {name.strip() for name in names} - {"", model.name}
    for name in wanted:
        _check_name(name)
    taken = EmbeddingModel.objects.filter(name__in=wanted).first()
    other = ModelAlias.objects.filter(name__in=wanted).exclude(model=model).first()
    if taken or other:
        raise Rejected(
            _("“%(name)s” means another model. Choose another alias.") % {"name": taken or other}
        )
    model.aliases.exclude(name__in=wanted).delete()
    known = set(model.aliases.values_list("name", flat=True))
    ModelAlias.objects.bulk_create(ModelAlias(name=n, model=model) for n in wanted - known)


def _check(model: EmbeddingModel) -> None:
    """Raises Rejected for what no probe need be asked about."""
    _check_name(model.name)
    if model.backend not in [*REGISTRABLE, Backend.FAKE]:
        raise Rejected(_("There is no backend “%(name)s”.") % {"name": model.backend})
    if model.backend == Backend.OPENAI_COMPATIBLE:
        model.base_url = _address(model.base_url)
    elif model.base_url:
        raise Rejected(_("Only a model of an OpenAI-compatible server has an address."))
    if model.backend == Backend.SENTENCE_TRANSFORMERS:
        _check_place(model.ref)
    if model.tokenizer:
        _check_place(model.tokenizer)
    if model.token_limit and not 2 * MIN_LIMIT <= model.token_limit <= MOST_TOKENS:
        raise Rejected(
            _("The token limit is %(limit)d; it can be from %(least)d to %(most)d.")
            % {"limit": model.token_limit, "least": 2 * MIN_LIMIT, "most": MOST_TOKENS}
        )
    cut = model.truncate_dimension
    if cut is not None and not 8 <= cut <= MOST_NUMBERS:
        raise Rejected(_("Vectors can be cut to 8 to %(most)d numbers.") % {"most": MOST_NUMBERS})
    if Decimal(model.price_per_million_tokens) < 0:
        raise Rejected(_("The price cannot be below zero."))
    if ModelAlias.objects.filter(name=model.name).exclude(model=model.pk).exists():
        raise Rejected(_("“%(name)s” is an alias of another model.") % {"name": model.name})


def _check_name(name: str) -> None:
    if collection_names.is_reserved(name):
        raise Rejected(
            _("“%(name)s” means a collection under /v1/. Choose another name.") % {"name": name}
        )


def _check_place(ref: str) -> None:
    """A folder, package:NAME or a hub name: nothing that climbs out of the models' folder."""
    if ref.startswith("/") and ".." not in ref.split("/"):
        return
    name = ref.removeprefix("package:")
    # To look for a package inside another imports the one around it: only into our own.
    inner = name.removeprefix("collections_app.demo.")
    good = inner.isidentifier() if ref.startswith("package:") else bool(_HUB.fullmatch(name))
    if not good or name.startswith(".") or "/." in name:
        raise Rejected(
            _(
                "“%(ref)s” is neither package:NAME, nor the full path of a folder, nor a hub name "
                "like owner/model."
            )
            % {"ref": ref}
        )


def _address(given: str) -> str:
    """http(s)://host[:port]/path without its last slash; a host alone gets /v1."""
    given = given.strip().rstrip("/")
    try:
        parts = urlsplit(given)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and parts.port != 0 and not (parts.username or parts.password)
    except ValueError:
        good = False
    if not good or "?" in given or "#" in given or re.search(r"\s", given):
        raise Rejected(_("This is no address of a server, such as http://127.0.0.1:11434/v1."))
    given = given.removesuffix("/embeddings")
    return given if urlsplit(given).path else f"{given}/v1"


def _save(model: EmbeddingModel) -> None:
    try:
        model.clean_fields(exclude=["dimension"])
        with transaction.atomic():
            model.save()
    except ValidationError as error:
        found = "; ".join(
            f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()
        )
        raise Rejected(found) from error
    except IntegrityError as error:
        raise Rejected(
            _("There is a model named “%(name)s” already. Choose another name.")
            % {"name": model.name}
        ) from error
