"""A model tried out before it is used: what it gives, how fast, and whether it can be trusted."""

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import loading, metering
from .describing import Description, describe
from .spec import BATCH_TOKENS, Encoder, ItemRefused, ModelMissing, ModelSpec, Vectors
from .texts import SENTENCES, pictures

STEPS = ("describe", "load", "first", "again", "limit", "speed")
USUAL_LIMIT = 512  # tokens, where nobody says
SAME, ALIKE = 0.9999, 0.99  # cosines of one text's vectors
SPEED_SECONDS = 3.0
SPEED_TEXTS = 64
QUERIES = 5

At = Callable[[str], None]


class Failed(Exception):  # noqa: N818 - a statement about the model
    """It must not be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Report:
    """`dimension` is what the model itself gives; `normalised`, whether at unit length.

    `dimensions`: what its vectors may be cut to, where it says so. `exact`: tokens are
    counted by its own tokenizer. `pictures`: it takes them too.
    `warnings`: what does not keep it from being used.
    """

    dimension: int
    token_limit: int
    normalised: bool
    deterministic: bool
    tokens_per_second: float
    query_ms: float
    query_prefix: str
    passage_prefix: str
    dimensions: tuple[int, ...]
    exact: bool
    engine: str
    warnings: tuple[str, ...]
    pictures: bool = False


def probe(
    spec: ModelSpec,
    models_dir: Path,
    engine: str = "auto",
    batch_tokens: int = BATCH_TOKENS,
    at: At = lambda step: None,
) -> Report:
    """Takes seconds, or a minute where a model has to be converted first.

    `at` is told each of STEPS as it begins; what it raises ends the probe. A token limit of 0
    in the specification is found out. Raises Failed and ModelMissing.
    """
    at("describe")
    told = describe(spec, models_dir)
    limit = spec.token_limit or told.token_limit or USUAL_LIMIT
    # As it is, apart from the length of its vectors: cut and normalised later, by us.
    raw = replace(spec, dimension=0, truncate=False, token_limit=limit)
    if spec.backend in loading.ELSEWHERE:
        raw = replace(raw, normalised=False)
    at("load")
    encoder = loading.load(raw, models_dir, engine, batch_tokens)
    return _Probe(raw, encoder, told, at).run(spec, models_dir, engine)


class _Probe:
    def __init__(self, spec: ModelSpec, encoder: Encoder, told: Description, at: At) -> None:
        self.spec = spec
        self.encoder = encoder
        self.told = told
        self.at = at
        self.warnings: list[str] = []

    def run(self, wanted: ModelSpec, models_dir: Path, engine: str) -> Report:
        self.at("first")
        singly = self.encoded([SENTENCES[0]])
        dimension = singly.shape[1]
        if wanted.truncate and wanted.dimension >= dimension:
            raise Failed(
                f"The model gives {dimension} numbers: they cannot be cut to "
                f"{wanted.dimension}. Choose fewer."
            )
        self.at("again")
        deterministic = self.deterministic(singly)
        self.at("limit")
        if self.spec.backend in loading.ELSEWHERE:
            self.check_limit()
        self.at("speed")
        speed, query = self.speed(), self.query_ms()
        lengths = np.linalg.norm(singly, axis=1)
        normalised = self.told.normalises
        return Report(
            dimension=dimension,
            token_limit=self.spec.token_limit,
            normalised=bool(np.allclose(lengths, 1, atol=1e-3))
            if normalised is None
            else normalised,
            deterministic=deterministic,
            tokens_per_second=speed,
            query_ms=query,
            query_prefix=self.told.query_prefix,
            passage_prefix=self.told.passage_prefix,
            dimensions=tuple(one for one in self.told.dimensions if one < dimension),
            exact=getattr(self.encoder.tokenizer, "exact", True),
            engine=loading.report(self.spec, models_dir, engine).engine,
            warnings=tuple(self.warnings),
            pictures=self.told.pictures and self.sees(dimension),
        )

    def encoded(self, texts: list[str]) -> Vectors:
        """Raises Failed for what no search could use."""
        try:
            made = self.encoder.encode(texts)
        except ItemRefused as error:
            raise Failed(str(error)) from error
        if not np.isfinite(made).all():
            raise Failed(
                "The model gives numbers that are not finite. Get its files anew, or set its "
                "precision to float32."
            )
        if not made.any(axis=1).all():
            raise Failed(
                "The model gives vectors of zeros. Is it an embedding model, and are all its "
                "files there?"
            )
        return made

    def sees(self, dimension: int) -> bool:
        """Whether it takes pictures into the space of its texts. Raises Failed: all alike."""
        if not hasattr(self.encoder, "encode_pictures"):
            return False
        made = self.encoder.encode_pictures(pictures()[::5])
        if made.shape[1] != dimension or not np.isfinite(made).all():
            raise Failed(
                "The model gives pictures vectors that texts cannot be compared with. Choose a "
                "model of the CLIP kind."
            )
        if _cosine(made[0], made[-1]) > SAME:
            raise Failed("The model gives every picture the same vector. Are all its files there?")
        return True

    def deterministic(self, singly: Vectors) -> bool:
        """Whether a text's vector is the same again, alone and among others."""
        with metering.metered() as meter:
            together = self.encoded(SENTENCES)
        self._check_count(meter.tokens)
        unit = together / np.linalg.norm(together, axis=1, keepdims=True)
        if (unit @ unit.T).min() > SAME:
            raise Failed("The model gives every text the same vector. Is it an embedding model?")
        again = self.encoded([SENTENCES[0]])
        least = min(_cosine(singly[0], again[0]), _cosine(singly[0], together[0]))
        if least < ALIKE:
            raise Failed(
                f"The same text gets another vector each time (cosine {least:.3f}): nothing could "
                "be found again. Choose another model."
            )
        return least >= SAME

    def _check_count(self, told: int) -> None:
        counted = sum(self.encoder.tokenizer.count(text) for text in SENTENCES)
        if told > counted:
            self.warnings.append(
                f"The server counts {told} tokens where we count {counted}: the tokenizer named "
                "here is not that of the model. Name the right one, or none."
            )

    def check_limit(self) -> None:
        """The longest text that it would ever be given is taken, and read to its end."""
        text = _long(self.encoder, self.spec.token_limit)
        half = len(text) // 2
        try:
            made = self.encoder.encode([text, text[:half]])
        except (ItemRefused, ModelMissing) as error:
            raise Failed(
                f"The model does not take a text of {self.spec.token_limit} tokens. Lower its "
                f"token limit. ({error})"
            ) from error
        if _cosine(made[0], made[1]) > 1 - 1e-6:
            self.warnings.append(
                "A long text and its first half get the same vector: the model reads less than "
                f"the token limit of {self.spec.token_limit}. Lower it, or text is lost unseen."
            )

    def speed(self) -> float:
        """Tokens a second, passages in batches."""
        words = " ".join(SENTENCES[1:4] * 3)
        done = tokens = 0
        began = time.perf_counter()
        while done < SPEED_TEXTS and time.perf_counter() - began < SPEED_SECONDS:
            texts = [f"{n}. {words}" for n in range(done, done + 16)]
            with metering.metered() as meter:
                self.encoded(texts)
            tokens += meter.tokens or sum(map(self.encoder.tokenizer.count, texts))
            done += len(texts)
        return round(tokens / (time.perf_counter() - began), 1)

    def query_ms(self) -> float:
        times = []
        for n in range(QUERIES):
            began = time.perf_counter()
            self.encoded([f"{SENTENCES[2]} {n}"])
            times.append(time.perf_counter() - began)
        return round(1000 * statistics.median(times), 1)


def _long(encoder: Encoder, limit: int) -> str:
    """Made-up words, as many as fit: they fall into more tokens than those of any language."""
    chance = random.Random(0)  # noqa: S311 - the same each time
    words = ["".join(chance.choices("bcdfghjklmnpqrstvwxz", k=5)) for _ in range(limit)]
    low, high = 1, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if encoder.tokenizer.count(" ".join(words[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low])


def _cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
