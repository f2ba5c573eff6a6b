"""Embedding models of the reference tool and ours: which is which."""

import numpy as np
from django.db.models import Q, QuerySet

from collections_app.models import EmbeddingModel

HUB = "sentence-transformers/"  # before the names that the tool's plugin for them gives
NOTHING = 1  # numbers of a model's vector, where no row tells


def model_for(model_id: str, vector: np.ndarray | None) -> EmbeddingModel:
    """The registered model that this id means, made where there is none.

    `vector` is one of its vectors. A model that is made may be missing on this machine: then
    stored vectors are compared all the same, and a text asks for the model with ModelMissing.
    """
    return registered(model_id, vector) or _made(model_id[:180] or "unknown", vector)


def registered(model_id: str, vector: np.ndarray | None) -> EmbeddingModel | None:
    """The model of this name or alias whose vectors are as long as this one."""
    found = _meant(model_id)
    if vector is not None:
        found = found.filter(dimension=len(vector))
    return found.first()


def model_id(model: EmbeddingModel, known: str) -> str:
    """The id by which the tool knows a model; `known` is the one that a collection came with."""
    if known and _meant(known).filter(pk=model.pk).exists():
        return known
    return HUB + model.name if model.ref.startswith("package:") else model.name


def _meant(known: str) -> QuerySet[EmbeddingModel]:
    """The models that an id could stand for; they may differ in their dimensions."""
    names = [known, known.removeprefix(HUB)]
    named = Q(name__in=names) | Q(aliases__name__in=names) | Q(ref=known)
    return EmbeddingModel.objects.filter(named).order_by("pk")


def _made(name: str, vector: np.ndarray | None) -> EmbeddingModel:
    dimension = NOTHING if vector is None else len(vector)
    free = not EmbeddingModel.objects.filter(name=name).exists()
    unit = vector is None or bool(abs(float(np.linalg.norm(vector)) - 1) < 1e-3)
    model, _created = EmbeddingModel.objects.get_or_create(
        name=name if free else f"{name} ({dimension})",
        defaults={
            "backend": EmbeddingModel.Backend.SENTENCE_TRANSFORMERS,
            "ref": name,
            "dimension": dimension,
            "normalised": unit,
            "state": EmbeddingModel.State.WAITING,  # it may not be here: a probe tells
        },
    )
    return model
