"""How well the demo's small CLIP finds drawings that it never saw: python -m bench.pictures

Drawings of other seeds than those of the training; a half of them hold a combination of colours,
or of a colour and a finish, that no drawing for training has. Recall@10 of what fits: of a whole
sentence its own drawing, of a few words as many of those that they fit as ten places can hold.
"""

import random
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from bench._site import machine
from collections_app import encoders
from collections_app.demo.taps import tap as words
from collections_app.demo.taps.drawing import draw

FIRST, COUNT, SIZE = 9_000_000, 1000, 256
PLACES = 10
MODEL = encoders.ModelSpec("sentence-transformers", "package:collections_app.demo.taps", 128, 77)
Asked = tuple[str, Callable[[words.Tap], bool]]


def main() -> None:
    print(f"Machine: {machine()}")
    models = Path(sys.argv[1] if len(sys.argv) > 1 else "var/models").resolve()
    encoder = encoders.load(MODEL, models)
    taps = [words.made_up(random.Random(FIRST + n), unseen=bool(n % 2)) for n in range(COUNT)]
    seen = encoder.encode_pictures([_png(tap, FIRST + n) for n, tap in enumerate(taps)])
    print("| queries | number | recall@10 |\n|---|---|---|")
    for name, asked in queries(taps).items():
        texts = encoder.encode([text for text, _fits in asked])
        found = np.argsort(-(texts @ seen.T), axis=1, kind="stable")[:, :PLACES]
        shares = [
            share(taps, places, fits) for (_t, fits), places in zip(asked, found, strict=True)
        ]
        print(f"| {name} | {len(asked)} | {np.mean(shares):.3f} |")


def queries(taps: Sequence[words.Tap]) -> dict[str, list[Asked]]:
    return {
        "a sentence, combinations known": [_own(tap) for tap in taps if not tap.unseen],
        "a sentence, combinations never drawn": [_own(tap) for tap in taps if tap.unseen],
        "kinds, such as “towel ring”": [
            (names[0], lambda tap, kind=kind: tap.kind == kind)
            for kind, names in words.KINDS.items()
        ],
        "two colours never drawn together, such as “gold purple”": [
            (f"{body} {accent}", lambda tap, pair=(body, accent): (tap.body, tap.accent) == pair)
            for body, accent in sorted(words.UNSEEN_ACCENTS)
        ],
        "a colour and a finish never drawn together, such as “hammered copper tap”": [
            (f"{finish} {body} tap", lambda tap, p=(body, finish): (tap.body, tap.finish) == p)
            for body, finish in sorted(words.UNSEEN_FINISHES)
        ],
    }


def share(
    taps: Sequence[words.Tap], places: np.ndarray, fits: Callable[[words.Tap], bool]
) -> float:
    """Of what fits, as far as there are places for it."""
    right = sum(fits(tap) for tap in taps)
    return sum(fits(taps[place]) for place in places) / min(PLACES, right) if right else 1.0


def _own(tap: words.Tap) -> Asked:
    return words.description(tap), lambda other: other == tap


def _png(tap: words.Tap, seed: int) -> bytes:
    file = BytesIO()
    draw(tap, seed, SIZE).save(file, "PNG", compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    main()
