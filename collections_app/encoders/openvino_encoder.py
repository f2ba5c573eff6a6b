"""OpenVINO: about half of torch's time on a processor with bfloat16."""

import threading
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from ..pipeline.tokenizer import ModelTokenizer
from .clip import ClipEncoder
from .cores import cores
from .layout import ClipLayout, Layout
from .padded import PaddedEncoder
from .spec import BATCH_TOKENS, FLOAT32, INT8, ModelSpec, Vectors

PICTURES_FILE = "pictures.xml"  # beside the model, of one that sees
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}


def encoder(
    spec: ModelSpec,
    layout: Layout,
    tokenizer: ModelTokenizer,
    file: Path,
    batch_tokens: int = BATCH_TOKENS,
) -> PaddedEncoder | ClipEncoder:
    """What is short is computed exactly; the rest in the precision the processor is fast in.

    That is bfloat16 where it knows it: each number off by about 0.0003, the cosine to the
    exact vector 0.99998, in about half the time. A printed vector or a query costs 1 ms
    more exactly, which nobody notices.
    """
    model = _Model(file)
    if isinstance(layout, ClipLayout):
        seeing = _Network(_Model(file.with_name(PICTURES_FILE)), EXACT)
        return ClipEncoder(spec, layout, tokenizer, _Network(model, EXACT), seeing, batch_tokens)
    if spec.precision == INT8:
        # One scale for a token's activations at every `dimension` numbers: all matrices of
        # a transformer are multiples of that wide, and wider groups fall off the fast path.
        both = _Network(model, {"DYNAMIC_QUANTIZATION_GROUP_SIZE": str(layout.dimension)})
        return PaddedEncoder(spec, layout, tokenizer, both, both, batch_tokens)
    exact = _Network(model, EXACT)
    fast = exact if spec.precision == FLOAT32 else _Network(model, {})
    return PaddedEncoder(spec, layout, tokenizer, exact, fast, batch_tokens)


class _Model:
    """The file, read once: whatever is compiled from it maps the same pages of its weights."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._core = openvino.Core()
        self._lock = threading.Lock()
        self._read: openvino.Model | None = None

    def compiled(self, options: dict[str, str]) -> openvino.CompiledModel:
        with self._lock:
            if self._read is None:
                self._read = self._core.read_model(self._file)
            return self._core.compile_model(self._read, "CPU", options)


class _Network:
    """The model compiled for this machine when it is first used; all cores, one call at a time.

    OpenVINO would queue calls too: they share the cores.
    """

    def __init__(self, model: _Model, options: dict[str, str]) -> None:
        self._model = model
        self._options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": str(cores()),
            **options,
        }
        self._lock = threading.Lock()
        self._request: openvino.InferRequest | None = None

    def run(self, *inputs: NDArray[np.int64] | Vectors) -> Vectors:
        with self._lock:
            if self._request is None:
                self._request = self._model.compiled(self._options).create_infer_request()
            made: Vectors = self._request.infer(list(inputs), share_inputs=True)[0]
            return made.copy() if len(inputs) == 1 else made
