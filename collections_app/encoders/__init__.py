"""Texts to vectors. Knows no Django.

`load` gives a model's encoder, `tokenizer` its tokenizer alone, which costs no weights;
`prepare` does ahead what the first `load` on a machine has to do; `report` says what runs a
model, and how near to its own library.
"""

from .describing import prefixes
from .entailment import Entailment, load_entailment
from .loading import load, prepare, report, tokenizer
from .metering import metered
from .probing import Failed, Report, probe
from .reranking import Reranker, load_reranker, missing_reranker
from .spec import (
    AUTO,
    FLOAT32,
    INT8,
    Encoder,
    ItemRefused,
    ModelAway,
    ModelFixed,
    ModelMissing,
    ModelSpec,
    PictureEncoder,
)
from .verdict import Verdict

__all__ = [
    "AUTO",
    "FLOAT32",
    "INT8",
    "Encoder",
    "Entailment",
    "Failed",
    "ItemRefused",
    "ModelAway",
    "ModelFixed",
    "ModelMissing",
    "ModelSpec",
    "PictureEncoder",
    "Report",
    "Reranker",
    "Verdict",
    "load",
    "load_entailment",
    "load_reranker",
    "metered",
    "missing_reranker",
    "prefixes",
    "prepare",
    "probe",
    "report",
    "tokenizer",
]
