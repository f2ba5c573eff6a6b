"""ONNX Runtime: for machines that OpenVINO has no wheel for. Optional: requirements-onnx.txt."""

import threading
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..pipeline.tokenizer import ModelTokenizer
from .cores import cores
from .layout import Layout
from .padded import PaddedEncoder
from .spec import BATCH_TOKENS, ModelSpec, Vectors

INPUTS = ("input_ids", "attention_mask")


def encoder(
    spec: ModelSpec,
    layout: Layout,
    tokenizer: ModelTokenizer,
    file: Path,
    batch_tokens: int = BATCH_TOKENS,
) -> PaddedEncoder:
    """Its float32 is exact for queries and passages alike."""
    network = _Network(file)
    return PaddedEncoder(spec, layout, tokenizer, network, network, batch_tokens)


class _Network:
    """The model, loaded when it is first used; all cores, one call at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._session: onnxruntime.InferenceSession | None = None

    def run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        with self._lock:
            if self._session is None:
                self._session = self._loaded()
            made: Vectors = self._session.run(None, dict(zip(INPUTS, (ids, mask), strict=True)))[0]
            return made

    def _loaded(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores()
        # Threads that spin while they wait would take the cores from other processes.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            str(self._file), options, providers=["CPUExecutionProvider"]
        )
