"""A model that runs on another server, asked a batch at a time."""

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from ..pipeline.tokenizer import Tokenizer
from . import metering
from .estimated import EstimatedTokenizer
from .replies import BadVector, Malformed, Reply
from .server import Refused, Server
from .spec import ItemRefused, ModelAway, ModelMissing, ModelSpec, Vectors

MOST_TEXTS = 64  # in one request
MOST_TOKENS = 32_768  # by our count
TOO_LARGE = frozenset({400, 413, 422})  # what servers say of a text or a batch they do not take
REST_SECONDS = 10.0  # after a failure, for callers that cannot wait
_SHOWN = 40  # characters of a text in a message


class RemoteEncoder:
    """A batch that is refused is halved until the text that is to blame is alone.

    A text over the limit, by a count that may be too high, is sent whole; if it is refused, as
    much of it as surely fits is sent.
    """

    def __init__(self, spec: ModelSpec, tokenizer: Tokenizer, server: Server | None = None) -> None:
        self.tokenizer = tokenizer
        self.token_limit = spec.token_limit
        self._spec = spec
        self._server = server or Server(spec)
        self._rest = _Rest(0.0 if spec.retries else REST_SECONDS)

    def cancel(self) -> None:
        self._server.cancel()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Raises ItemRefused, ModelAway, ModelMissing and Cancelled."""
        if not texts:
            return np.empty((0, self._spec.dimension), np.float32)
        with self._rest:
            made = [self._batch(batch) for batch in self._batches(texts)]
        vectors = np.concatenate(made)
        self._check(vectors)
        if self._spec.normalised:
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        tokens = 0
        for text in texts:
            count = self.tokenizer.count(text)
            if batch and (len(batch) == MOST_TEXTS or tokens + count > MOST_TOKENS):
                yield batch
                batch, tokens = [], 0
            batch.append(text)
            tokens += count
        yield batch

    def _batch(self, texts: list[str]) -> Vectors:
        try:
            return self._made(texts)
        except Refused as error:
            if error.status not in TOO_LARGE:
                raise ModelMissing(f"The {self._server.name} refuses: {error}.") from error
            refusal: Exception = error
        except ModelAway as error:
            if not self._answers():
                raise
            refusal = error  # these texts bring it down, or it has no time for so many
        if len(texts) == 1:
            return self._single(texts[0], refusal)
        middle = len(texts) // 2
        return np.concatenate([self._batch(texts[:middle]), self._batch(texts[middle:])])

    def _single(self, text: str, refusal: Exception) -> Vectors:
        """What is left to try with a text that was refused alone."""
        fits = EstimatedTokenizer().beginning(text, self.token_limit)
        if 0 < len(fits) < len(text):
            try:
                return self._made([fits])
            except (Refused, ModelAway) as error:
                refusal = error
        raise ItemRefused(
            f"The {self._server.name} takes no {_named(text)}: {refusal}."
        ) from refusal

    def _made(self, texts: list[str]) -> Vectors:
        try:
            reply = self._server.embed(texts)
        except BadVector as error:
            about = _named(texts[error.index])
            raise ItemRefused(f"The {self._server.name}: the vector of {about} {error}.") from error
        except Malformed as error:
            raise ModelMissing(
                f"The reply of the {self._server.name} cannot be used: {error}."
            ) from error
        metering.add(self._tokens(texts, reply))
        return reply.vectors

    def _tokens(self, texts: list[str], reply: Reply) -> int:
        if reply.tokens is not None:
            return reply.tokens
        return sum(self.tokenizer.count(text) for text in texts)

    def _answers(self) -> bool:
        """Whether it is there, for a text that nobody could refuse; not asked in a hurry."""
        if not self._spec.retries:
            return False
        try:
            self._server.embed(["ok"])
        except (Refused, Malformed, ModelMissing):
            return False
        return True

    def _check(self, vectors: Vectors) -> None:
        found, wanted = vectors.shape[1], self._spec.dimension
        if wanted and found != wanted:
            raise ModelMissing(
                f"The {self._server.name} gives {found} numbers, but {wanted} are registered for "
                "it. Is another model behind this name now? Register that one."
            )


class _Rest:
    """After a failure, further calls fail at once for a while: no page waits for each of them."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = 0.0
        self._error = ""

    def __enter__(self) -> None:
        with self._lock:
            if time.monotonic() < self._until:
                raise ModelAway(self._error)

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if isinstance(error, ModelAway) and self._seconds:
            with self._lock:
                self._until = time.monotonic() + self._seconds
                self._error = str(error)


def _named(text: str) -> str:
    words = " ".join(text.split())
    shown = words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
    return f"text “{shown}” of {len(text)} characters"
