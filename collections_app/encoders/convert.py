"""Converts one model: python -m collections_app.encoders.convert ENGINE SPEC FOLDER INTO.

Run by `conversion`, in a process of its own. Leaves the model's file and the verdict on it.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

from ..pipeline.tokenizer import ModelTokenizer
from . import verdict
from .engines import FAST, OPENVINO, Engine
from .folder import tokenizer_file
from .layout import ClipLayout, layout
from .openvino_encoder import PICTURES_FILE
from .spec import INT8, ModelSpec
from .texts import SENTENCES, all_texts, pictures
from .torch_encoder import (
    ClipPictures,
    ClipTexts,
    TokenVectors,
    TorchEncoder,
    example,
    example_picture,
    export,
)


def main(engine: Engine, spec: ModelSpec, folder: Path, into: Path) -> None:
    tokenizer = ModelTokenizer(tokenizer_file(folder))
    reference = TorchEncoder(spec, folder, tokenizer, device="cpu")
    with warnings.catch_warnings():  # the tracer's, about every shape it meets
        warnings.simplefilter("ignore")
        if isinstance(made_of := layout(folder), ClipLayout):
            _clip(reference, made_of, into / engine.file)
        elif engine is OPENVINO:
            _openvino(TokenVectors(reference), into / engine.file, spec.precision)
        else:
            export(TokenVectors(reference), into / engine.file)
    module = importlib.import_module(f".{engine.module}", __package__)
    fast = module.encoder(spec, layout(folder), tokenizer, into / engine.file)
    # Text by text, as queries are encoded, and all at once, as passages are.
    texts = all_texts()
    wanted = reference.encode(texts)
    singly = np.concatenate([fast.encode([text]) for text in SENTENCES])
    passages = verdict.compare(engine.name, spec.precision, wanted, fast.encode(texts))
    queries = verdict.compare(engine.name, spec.precision, wanted[: len(SENTENCES)], singly)
    found = [queries, passages]
    if isinstance(made_of, ClipLayout):
        seen = pictures()
        wanted, made = reference.encode_pictures(seen), fast.encode_pictures(seen)
        found.insert(0, verdict.compare(engine.name, spec.precision, wanted, made))
    next((one for one in found if one.refused), passages).write(into)


def _clip(reference: TorchEncoder, made_of: ClipLayout, file: Path) -> None:
    import openvino

    texts = openvino.convert_model(ClipTexts(reference), example_input=example())
    openvino.save_model(texts, file, compress_to_fp16=False)
    seen = example_picture(made_of.side)
    seeing = openvino.convert_model(ClipPictures(reference), example_input=seen)
    openvino.save_model(seeing, file.with_name(PICTURES_FILE), compress_to_fp16=False)


def _openvino(model: TokenVectors, file: Path, precision: str) -> None:
    import openvino

    made = openvino.convert_model(model, example_input=example())
    if precision == INT8:
        from .int8 import compress

        compress(made)
    openvino.save_model(made, file, compress_to_fp16=False)


if __name__ == "__main__":
    [chosen] = [one for one in FAST if one.name == sys.argv[1]]
    main(chosen, ModelSpec(**json.loads(sys.argv[2])), Path(sys.argv[3]), Path(sys.argv[4]))
