"""The site's models at `/v1/embeddings`, for any tool that speaks OpenAI's API."""

import base64
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from collections_app import vectors
from collections_app.api.openai_models import TAGS, OpenAIView, model_called
from collections_app.encoders.truncated import cut
from collections_app.models import EmbeddingModel, Probe
from collections_app.openai_errors import BadRequest
from collections_app.serializers.openai import (
    EmbeddingsReplySerializer,
    EmbeddingsSerializer,
)
from collections_app.throttles import EmbedThrottle

MOST_TEXTS = 2048  # in one request, as OpenAI has it
MOST_TOKENS = 300_000
MOST_CHARS = 2_000_000  # in all: one word of any length is one token, and long to read
KINDS: dict[Any, Literal["query", "passage"]] = {
    "query": "query",
    "search_query": "query",
    "passage": "passage",
    "document": "passage",
    "search_document": "passage",
}
_HALF = re.compile("[\ud800-\udfff]")  # JSON can write them, no model reads them


@dataclass(frozen=True)
class _Wanted:
    texts: list[str]
    model: EmbeddingModel
    as_base64: bool
    dimensions: int | None
    kind: Literal["query", "passage"] | None
    truncate: bool


class Embeddings(OpenAIView):
    throttle_classes = [EmbedThrottle]

    @extend_schema(
        operation_id="openai_embeddings",
        summary=gettext_lazy("Embed texts (OpenAI)"),
        description=gettext_lazy(
            "As OpenAI's own. `model` is the name or an alias of a model here. Texts are embedded "
            "as they are; `input_type` puts the model's prefix for queries or passages before them."
        ),
        tags=TAGS,
        request=EmbeddingsSerializer,
        responses=EmbeddingsReplySerializer,
    )
    def post(self, request: Request) -> Response:
        wanted = _read(request.data)
        model = wanted.model
        encoder = vectors.encoder(model)
        seen = [vectors.prefixed(model, t, wanted.kind) if wanted.kind else t for t in wanted.texts]
        counts = [encoder.tokenizer.count(text) for text in seen]
        # A count that is only estimated may be too high: such a model's server knows better.
        if not wanted.truncate and getattr(encoder.tokenizer, "exact", True):
            _check_lengths(counts, encoder.token_limit, model)
        if sum(counts) > MOST_TOKENS:
            raise BadRequest(
                _("These are %(count)d tokens; the most in one request is %(most)d.")
                % {"count": sum(counts), "most": MOST_TOKENS},
                "input",
            )
        made = encoder.encode(seen)
        if wanted.dimensions is not None and wanted.dimensions < model.dimension:
            made = cut(made, wanted.dimensions)
        tokens = sum(min(count, encoder.token_limit) for count in counts)
        return Response(_reply(made, wanted, tokens))


def _read(data: Any) -> _Wanted:
    """Raises BadRequest, which names the parameter, and NotFound for the model."""
    if not isinstance(data, dict):
        raise BadRequest(_("The request is no JSON object."), "input")
    if "model" not in data:
        raise BadRequest(_("Name a model: GET /v1/models lists them."), "model")
    form = data.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise BadRequest(_("It can be “float” or “base64”."), "encoding_format")
    kind = data.get("input_type")
    if kind is not None and (not isinstance(kind, str) or kind not in KINDS):
        raise BadRequest(_("It can be “query” or “passage”; left out, no prefix."), "input_type")
    texts = _texts(data.get("input"))
    model = model_called(data["model"])
    return _Wanted(
        texts=texts,
        model=model,
        as_base64=form == "base64",
        dimensions=_dimensions(data.get("dimensions"), model),
        kind=KINDS.get(kind),
        truncate=_truncates(data.get("truncate")),
    )


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise BadRequest(_("Send a text, or a list of texts."), "input")
    if any(isinstance(one, int | list) for one in texts):
        raise BadRequest(
            _(
                "Send texts, not token ids: those of another tokenizer mean other words here. "
                "(LangChain: check_embedding_ctx_length=False.)"
            ),
            "input",
        )
    if len(texts) > MOST_TEXTS:
        raise BadRequest(
            _("These are %(count)d texts; the most in one request is %(most)d.")
            % {"count": len(texts), "most": MOST_TEXTS},
            "input",
        )
    for n, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            raise BadRequest(_("input[%(n)d] is empty or no text.") % {"n": n}, "input")
    if (chars := sum(map(len, texts))) > MOST_CHARS:
        raise BadRequest(
            _("These are %(count)d characters; the most in one request is %(most)d.")
            % {"count": chars, "most": MOST_CHARS},
            "input",
        )
    return [_HALF.sub("\ufffd", text) for text in texts]


def _truncates(given: Any) -> bool:
    if given not in (None, True, False):
        raise BadRequest(_("It can be true or false."), "truncate")
    return bool(given)


def _dimensions(given: Any, model: EmbeddingModel) -> int | None:
    """How many numbers to keep: fewer only of models trained for it."""
    if given is None:
        return None
    if type(given) is not int or not 1 <= given <= model.dimension:
        raise BadRequest(
            _("It can be from 1 to %(most)d for this model.") % {"most": model.dimension},
            "dimensions",
        )
    if given < model.dimension and not _may_be_cut(model, given):
        raise BadRequest(
            _("The vectors of %(model)s cannot be cut: it gives %(count)d numbers.")
            % {"model": model, "count": model.dimension},
            "dimensions",
        )
    return given


def _may_be_cut(model: EmbeddingModel, to: int) -> bool:
    """Whoever registered it cut it, or it says of itself that it may be cut so."""
    if model.truncate_dimension is not None:
        return True
    last = model.probes.filter(state=Probe.State.PASSED).first()
    return bool(last and to in last.found.get("dimensions", ()))


def _check_lengths(counts: list[int], limit: int, model: EmbeddingModel) -> None:
    for n, count in enumerate(counts):
        if count > limit:
            raise BadRequest(
                _(
                    "input[%(n)d] has %(count)d tokens; %(model)s reads %(limit)d. Split it, or "
                    "send “truncate”: true to have its end cut off."
                )
                % {"n": n, "count": count, "model": model, "limit": limit},
                "input",
                "context_length_exceeded",
            )


def _reply(made: np.ndarray, wanted: _Wanted, tokens: int) -> dict[str, Any]:
    rows = made.astype("<f4")
    shown = (
        [base64.b64encode(row.tobytes()).decode() for row in rows]
        if wanted.as_base64
        else rows.tolist()
    )
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": n, "embedding": row} for n, row in enumerate(shown)
        ],
        "model": wanted.model.name,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
