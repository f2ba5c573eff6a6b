"""The engines that run a model without torch, best first, and what each needs installed."""

import importlib.util
from dataclasses import dataclass
from importlib.metadata import version

from .spec import AUTO, FLOAT32, INT8

TORCH = "torch"


@dataclass(frozen=True)
class Engine:
    """`module`, in this package, has its `encoder(...)`; `file` is the converted model's name."""

    name: str
    package: str
    module: str
    file: str
    precisions: tuple[str, ...]
    pictures: bool = False  # whether it runs models of texts and pictures

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.package) is not None

    @property
    def version(self) -> str:
        return version(self.package)


OPENVINO = Engine(
    "openvino", "openvino", "openvino_encoder", "model.xml", (AUTO, FLOAT32, INT8), True
)
ONNX = Engine("onnxruntime", "onnxruntime", "onnx_encoder", "model.onnx", (AUTO, FLOAT32))
FAST = (OPENVINO, ONNX)


def candidates(engine: str, precision: str, *, pictures: bool = False) -> list[Engine]:
    """Those to try for a wish like auto or openvino: installed, and able to that precision."""
    return [
        one
        for one in FAST
        if engine in ("auto", one.name)
        and precision in one.precisions
        and one.installed
        and (one.pictures or not pictures)
    ]
