"""Converts one model: python -m collections_app.encoders.convert SPEC FOLDER INTO.

Run by `conversion`, in a process of its own.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import openvino

from ..pipeline.tokenizer import ModelTokenizer
from .conversion import MODEL, VERDICT
from .folder import tokenizer_file
from .layout import layout
from .openvino_encoder import OpenVinoEncoder
from .spec import ModelSpec
from .torch_encoder import TokenVectors, TorchEncoder, example

LEAST_COSINE = 0.9999  # of the mean; what bfloat16 costs is 0.00002
SENTENCES = [
    "Hello world",
    "A boat lies in the harbour, and nobody is on the quay this early in the morning.",
    "How do I back up a SQLite database while it is in use?",
    "def area(width: float, height: float) -> float:\n    return width * height",
    "清晨的港口很安靜，船都還沒有出海。",
    "Ein Überblick über die Zubereitung von Käsespätzle: 250 g Mehl, 3 Eier, ⅛ l Wasser.",
]


def main(spec: ModelSpec, folder: Path, into: Path) -> None:
    tokenizer = ModelTokenizer(tokenizer_file(folder))
    reference = TorchEncoder(spec, folder, tokenizer, device="cpu")
    with warnings.catch_warnings():  # the tracer's, about every shape it meets
        warnings.simplefilter("ignore")
        model = openvino.convert_model(TokenVectors(reference), example_input=example())
    openvino.save_model(model, into / MODEL, compress_to_fp16=False)
    fast = OpenVinoEncoder(spec, layout(folder), tokenizer, into / MODEL)
    (into / VERDICT).write_text(json.dumps(_verdict(reference, fast)))


def _verdict(reference: TorchEncoder, fast: OpenVinoEncoder) -> dict[str, float | str]:
    """Compared text by text, as queries are encoded, and all at once, as passages are."""
    longer = [" ".join([text] * times) for times in (2, 9, 40) for text in SENTENCES]
    texts = SENTENCES + longer
    wanted = reference.encode(texts)
    singly = np.concatenate([fast.encode([text]) for text in SENTENCES])
    made = np.concatenate([fast.encode(texts), singly])
    wanted = np.concatenate([wanted, wanted[: len(SENTENCES)]])
    lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(made, axis=1)
    cosine = float(((wanted * made).sum(axis=1) / lengths).mean())
    if not cosine >= LEAST_COSINE:
        return {"refused": f"OpenVINO's vectors differ from torch's (cosine {cosine:.5f})"}
    return {"cosine": cosine}


if __name__ == "__main__":
    main(ModelSpec(**json.loads(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))
