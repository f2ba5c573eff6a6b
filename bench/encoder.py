"""Every way to run the default model, in turns: python -m bench.encoder [DOCUMENTS]

The measure is the `llm` package's own call path: `embed_multi` in batches of 100, as its
collections call it, over a model of a plugin that hands them to sentence-transformers. Each
path has a process of its own, so that its memory and its cold start are its own; in each
round every one encodes the same notes once, all others waiting.

`--busy 2` keeps two processes computing beside them, as on a machine that is shared; `--paths
llm,openvino` runs these alone.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

from bench._site import NOTES, ROOT, VAR, machine, median

PATHS = ["llm", "torch", "onnxruntime", "openvino float32", "openvino", "openvino int8"]
MEASURE = "llm"  # what speeds, cosines and neighbours are compared with
OURS = "openvino"
ROUNDS = 3
QUERIES = 60
BESIDE_SECONDS = 12
WORKER_NICE = 10  # of embedsite.celery
MODELS = VAR / "models"
HEADS = ["notes/s", "tokens/s", "times llm", "processor s", "MB", "p50 ms", "p99 ms", "cosine",
         "least", "kept", "cold s"]  # fmt: skip


class Way:
    """A process that has one encoder, and answers a line with a line."""

    def __init__(self, name: str, nice: int = 0) -> None:
        began = time.perf_counter()
        command = ["nice", "-n", str(nice), sys.executable, "-m", "bench._encoder_path"]
        self.process = subprocess.Popen(
            [*command, name, str(MODELS)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.hear()
        self.cold = time.perf_counter() - began
        self.turns: list[dict] = []

    def tell(self, *words: str) -> None:
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def ask(self, *words: str) -> dict:
        self.tell(*words)
        return self.hear()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def main(limit: int | None, busy: int, names: list[str]) -> None:
    sys.stdout.reconfigure(line_buffering=True)
    print(f"Machine: {machine()}; kept busy beside: {busy}")
    MODELS.mkdir(parents=True, exist_ok=True)
    texts = VAR / "encoder.json"
    texts.write_text(json.dumps(_notes(limit)))
    for name in names:  # converted and in the page cache, as on a machine in use
        Way(name).end()
    with _computing(busy), _running(names) as paths:
        for _ in range(ROUNDS + 1):
            for path in paths.values():
                path.turns.append(path.ask("encode", str(texts)))
        memory = {name: path.ask("memory") for name, path in paths.items()}
        queries = {name: path.ask("queries", str(QUERIES)) for name, path in paths.items()}
        vectors = {
            name: np.load(path.ask("vectors", str(texts))["file"]) for name, path in paths.items()
        }
        counted = paths[OURS].ask("tokens", str(texts))
        _table(paths, memory, queries, vectors, counted)
        if not busy:
            _peak(paths, counted, paths[OURS].ask("peak"))
            _beside(paths[OURS], str(texts))
    print(f"Load at the end: {os.getloadavg()[0]:.1f}")


@contextlib.contextmanager
def _computing(count: int) -> Iterator[None]:
    """So many processes that want a core each."""
    command = [sys.executable, "-c", "while True: pass"]
    started = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _running(names: list[str]) -> Iterator[dict[str, Way]]:
    paths = {name: Way(name) for name in names}
    try:
        yield paths
    finally:
        for path in paths.values():
            path.end()


def _notes(limit: int | None) -> list[str]:
    """The notes whole, or what the standard library says of itself where they are absent."""
    if NOTES.is_dir():
        files = sorted(NOTES.rglob("*.md"))
        return [file.read_text(errors="replace") for file in files][: limit or 145]
    from collections_app.encoders.texts import all_texts

    return all_texts()[:limit]


def _table(paths, memory, queries, vectors, counted: dict) -> None:
    from collections_app.encoders.verdict import compare

    print(
        f"{counted['texts']} notes, {counted['tokens']} tokens as the model sees them; "
        f"{counted['padded'] / counted['tokens'] - 1:.1%} more for padding"
    )
    print("| path | " + " | ".join(HEADS) + " |")
    print("|---" * (len(HEADS) + 1) + "|")
    walls = {name: _wall(path) for name, path in paths.items()}
    for name, path in paths.items():
        found = compare(name, "auto", vectors[MEASURE], vectors[name])
        figures = [
            f"{counted['texts'] / walls[name]:.1f}",
            f"{counted['tokens'] / walls[name]:,.0f}",
            f"{walls[MEASURE] / walls[name]:.2f}",
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


def _wall(path: Way) -> float:
    return median([turn["wall"] for turn in path.turns[1:]])


def _peak(paths, counted: dict, peaks: dict) -> None:
    """Against the matrix speed that this machine reaches on large products, same engine.

    The bound is the whole of the model's products at that speed, and nothing else at all.
    """
    for name, precision in ((OURS, "bf16"), ("openvino float32", "f32")):
        if name not in paths:
            continue
        speed, peak = counted["operations"] / _wall(paths[name]) / 1e9, peaks[precision]
        bound = peak * 1e9 / counted["operations"]
        print(
            f"{name}: {speed:.0f} of {peak:.0f} GFLOP/s ({precision}), {speed / peak:.0%}; "
            f"{counted['operations'] / 1e9:.0f} GFLOP at that peak would be "
            f"{bound * counted['texts']:.1f} notes/s, {bound * _wall(paths[MEASURE]):.2f} times llm"
        )


def _beside(web: Way, texts: str) -> None:
    """Queries in one process while another encodes all the time, as a worker beside the web."""
    asked = ("queries", str(QUERIES), "0.05")
    alone = web.ask(*asked)
    worker = Way(OURS, nice=WORKER_NICE)
    try:
        worker.tell("encode_for", texts, str(BESIDE_SECONDS))
        time.sleep(1)  # its first batches
        beside = web.ask(*asked)
        speed = worker.hear()["rate"]
    finally:
        worker.end()
    print(
        f"queries, 20 a second: p50 {alone['p50']:.1f} ms, p99 {alone['p99']:.1f} ms; beside a "
        f"worker at nice {WORKER_NICE}: p50 {beside['p50']:.1f} ms, p99 {beside['p99']:.1f} ms, "
        f"and the worker encodes {speed:.1f} notes/s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("documents", type=int, nargs="?")
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--paths", default=",".join(PATHS))
    given = parser.parse_args()
    main(given.documents, given.busy, given.paths.split(","))
