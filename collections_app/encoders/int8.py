"""Weights of a converted model in eight bits: half of bfloat16's work, for some precision.

OpenVINO then also rounds the activations to eight bits as they come, token by token, which
keeps more neighbours than scales that are fixed ahead by calibration, and needs no other
library.
"""

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13

LARGEST = 127


def compress(model: openvino.Model) -> None:
    """Every matrix of weights in place: eight-bit numbers, and one scale for each output."""
    for node in model.get_ops():
        if node.get_type_name() != "MatMul" or not node.get_attributes()["transpose_b"]:
            continue
        weights = node.input(1).get_source_output().get_node()
        if weights.get_type_name() == "Constant" and len(weights.shape) == 2:
            numbers, scales = rounded(np.asarray(weights.data, np.float32))
            whole = opset13.convert(opset13.constant(numbers), np.float32)
            scaled = opset13.multiply(whole, opset13.constant(scales))
            node.input(1).replace_source_output(scaled.output(0))


def rounded(
    weights: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Numbers and scales whose product is the weights again, nearly; a row of zeros stays."""
    scales = np.abs(weights).max(axis=1, keepdims=True) / LARGEST
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    return np.round(weights / scales).astype(np.int8), scales
