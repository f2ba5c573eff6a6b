"""Colours of drawings: shaken by chance, and mixed."""

import random

Colour = tuple[int, int, int]


def shaken(colour: Colour, chance: random.Random, most: int) -> Colour:
    red, green, blue = (max(0, min(255, part + chance.randint(-most, most))) for part in colour)
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
