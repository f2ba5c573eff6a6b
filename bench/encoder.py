"""Every way to run the default model, in turns: python -m bench.encoder [DOCUMENTS]

The measure is the `llm` package's own call path: `embed_multi` in batches of 100, as its
collections call it, over a model of a plugin that hands them to sentence-transformers. Each
path has a process of its own, so that its memory and its cold start are its own; in each
round every one encodes the same notes once, all others waiting.
"""

import json
import subprocess
import sys
import time

import numpy as np

from bench._site import NOTES, ROOT, VAR, machine, median

PATHS = ["llm", "torch", "onnxruntime", "openvino float32", "openvino", "openvino int8"]
EXACT = "torch"  # what cosines and neighbours are compared with
ROUNDS = 3
QUERIES = 60
MODELS = VAR / "models"
HEADS = ["notes/s", "tokens/s", "times llm", "processor s", "MB", "p50 ms", "p99 ms", "cosine",
         "least", "kept", "cold s"]  # fmt: skip


class Way:
    """A process that has one encoder, and answers a line with a line."""

    def __init__(self, name: str) -> None:
        began = time.perf_counter()
        command = [sys.executable, "-m", "bench._encoder_path", name, str(MODELS)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()
        self.cold = time.perf_counter() - began
        self.turns: list[dict] = []

    def ask(self, *words: str) -> dict:
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def main(limit: int | None) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    print(f"Machine: {machine()}")
    MODELS.mkdir(parents=True, exist_ok=True)
    texts, tokens = VAR / "encoder.json", 0
    texts.write_text(json.dumps(_notes(limit)))
    for name in PATHS:  # converted and in the page cache, as on a machine in use
        Way(name).end()
    paths = {name: Way(name) for name in PATHS}
    try:
        for _ in range(ROUNDS + 1):
            for path in paths.values():
                path.turns.append(path.ask("encode", str(texts)))
        memory = {name: path.ask("memory") for name, path in paths.items()}
        queries = {name: path.ask("queries", str(QUERIES)) for name, path in paths.items()}
        peaks = paths["openvino"].ask("peak")
        vectors = {
            name: np.load(path.ask("vectors", str(texts))["file"]) for name, path in paths.items()
        }
        tokens = paths["openvino"].ask("tokens", str(texts))
    finally:
        for path in paths.values():
            path.end()
    _table(paths, memory, queries, vectors, tokens)
    _peak(paths, tokens, peaks)


def _notes(limit: int | None) -> list[str]:
    """The notes whole, or what the standard library says of itself where they are absent."""
    if NOTES.is_dir():
        files = sorted(NOTES.rglob("*.md"))
        return [file.read_text(errors="replace") for file in files][: limit or 145]
    from collections_app.encoders.texts import all_texts

    return all_texts()[:limit]


def _table(paths, memory, queries, vectors, tokens: dict) -> None:
    from collections_app.encoders.verdict import compare

    print(f"{tokens['texts']} notes, {tokens['tokens']} tokens as the model sees them")
    print("| path | " + " | ".join(HEADS) + " |")
    print("|---" * (len(HEADS) + 1) + "|")
    walls = {name: median([t["wall"] for t in path.turns[1:]]) for name, path in paths.items()}
    for name, path in paths.items():
        found = compare(name, "auto", vectors[EXACT], vectors[name])
        figures = [
            f"{tokens['texts'] / walls[name]:.1f}",
            f"{tokens['tokens'] / walls[name]:,.0f}",
            f"{walls['llm'] / walls[name]:.2f}",
            f"{median([turn['cpu'] for turn in path.turns[1:]]):.2f}",
            f"{memory[name]['peak']}",
            f"{queries[name]['p50']:.1f}",
            f"{queries[name]['p99']:.1f}",
            f"{found.mean:.5f}",
            f"{found.least:.5f}",
            f"{found.kept:.3f}",
            f"{path.cold:.2f}",
        ]
        print(f"| {name} | " + " | ".join(figures) + " |")


def _peak(paths, tokens: dict, peaks: dict) -> None:
    """Of the matrix speed this machine reaches on large products through the same engine."""
    for name, precision in (("openvino", "bf16"), ("openvino float32", "f32")):
        wall = min(turn["wall"] for turn in paths[name].turns[1:])
        speed = tokens["operations"] / wall / 1e9
        share = 100 * speed / peaks[precision]
        print(f"{name}: {speed:.0f} of {peaks[precision]:.0f} GFLOP/s ({precision}), {share:.0f}%")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
