"""What came of a conversion: how near its vectors are to torch's. Kept as JSON beside it."""

import datetime
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .folder import read_json
from .spec import INT8, Vectors

FILE = "verdict.json"
LEAST_COSINE = 0.9999  # of the mean; what bfloat16 costs is 0.00002
LEAST_OF_INT8 = 0.99  # asked for, with its cost shown
NEIGHBOURS = 10


@dataclass(frozen=True)
class Verdict:
    """`engine` runs the model; `refused` says why it is torch, and is empty otherwise.

    `mean` and `least` are cosines to torch's vectors, `kept` the share of each text's ten
    nearest that stay its nearest; None where nothing was compared.
    """

    engine: str
    precision: str
    mean: float | None = None
    least: float | None = None
    kept: float | None = None
    when: str = ""
    refused: str = ""

    def write(self, folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(asdict(self)))


def read(folder: Path) -> Verdict | None:
    """None where nothing has been converted."""
    found = read_json(folder / FILE)
    return Verdict(**found) if found else None


def compare(engine: str, precision: str, wanted: Vectors, made: Vectors) -> Verdict:
    """The verdict over the same texts' vectors from torch and from the engine."""
    cosines = (_unit(wanted) * _unit(made)).sum(axis=1)
    mean, least = float(cosines.mean()), float(cosines.min())
    wanting = LEAST_OF_INT8 if precision == INT8 else LEAST_COSINE
    refused = ""
    if not mean >= wanting:  # NaN too
        refused = f"its vectors on {engine} differ from torch's (cosine {mean:.5f})"
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    kept = kept_neighbours(wanted, made)
    return Verdict(engine, precision, mean, least, kept, when, refused)


def kept_neighbours(wanted: Vectors, made: Vectors, count: int = NEIGHBOURS) -> float:
    """The share of each text's nearest others that stay its nearest."""
    count = min(count, len(wanted) - 1)
    pairs = zip(_nearest(wanted, count), _nearest(made, count), strict=True)
    return float(np.mean([len(set(one) & set(other)) / count for one, other in pairs]))


def _nearest(vectors: Vectors, count: int) -> list[list[int]]:
    alike = _unit(vectors) @ _unit(vectors).T
    np.fill_diagonal(alike, -np.inf)
    rows: list[list[int]] = np.argsort(-alike, axis=1, kind="stable")[:, :count].tolist()
    return rows


def _unit(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
