"""What a tap or fitting is, in words: its parts, its colours, and sentences about it."""

import random
from dataclasses import dataclass, fields

KINDS = {
    "arc": ("high arc kitchen tap", "tall curved tap", "swan neck tap"),
    "basin": ("low basin tap", "short slanted tap", "small sink tap"),
    "square": ("square tap", "angular tap", "box shaped tap"),
    "wall": ("wall mounted tap", "wall tap", "tap on the wall"),
    "waterfall": ("waterfall tap", "waterfall spout", "wide spout with falling water"),
    "spray": ("spray tap", "pull out spray tap", "coiled spring kitchen tap"),
    "bridge": ("bridge tap", "bath filler", "two pillar tap"),
    "garden": ("garden tap", "outdoor tap", "tap with a pipe"),
    "rain": ("rain shower", "shower head", "overhead shower"),
    "hand": ("hand shower", "hand held shower", "shower with a hose"),
    "soap": ("soap dispenser", "soap pump", "bottle for soap"),
    "ring": ("towel ring", "ring for towels", "round towel holder"),
}
WITH_HANDLES = ("arc", "basin", "square", "wall", "waterfall", "spray", "bridge", "garden")
BODIES = {
    "chrome": (("chrome", "silver", "steel"), (176, 184, 192)),
    "gold": (("gold", "golden", "brass"), (212, 166, 40)),
    "copper": (("copper", "rose gold", "bronze"), (190, 98, 58)),
    "black": (("black", "dark"), (34, 34, 38)),
    "white": (("white", "ivory"), (246, 244, 238)),
    "red": (("red", "scarlet"), (200, 30, 40)),
    "blue": (("blue", "navy"), (38, 82, 188)),
    "green": (("green", "emerald"), (30, 132, 72)),
}
ACCENTS = BODIES | {
    "purple": (("purple", "violet", "lilac"), (126, 52, 172)),
    "pink": (("pink", "rose pink"), (238, 118, 172)),
    "orange": (("orange", "tangerine"), (240, 128, 24)),
}
FINISHES = {
    "polished": ("polished", "shiny", "glossy"),
    "matt": ("matt", "flat", "dull"),
    "brushed": ("brushed", "satin", "with fine lines"),
    "hammered": ("hammered", "dimpled", "beaten"),
}
HANDLES = {
    "lever": ("one lever", "a single lever", "a lever"),
    "crosses": ("two crosses", "cross handles", "two cross handles"),
    "knobs": ("two knobs", "round knobs", "two round knobs"),
    "none": ("no handle", "a sensor"),
}
SETTINGS = {
    "white tiles": ("white tiles", "a white tiled bathroom"),
    "blue tiles": ("blue tiles", "a blue tiled bathroom"),
    "wood": ("wood", "wooden boards"),
    "marble": ("marble", "grey stone"),
    "brick": ("brick", "a brick wall"),
    "terrazzo": ("terrazzo", "speckled stone"),
    "plain": ("a plain background", "nothing behind it"),
}
# Never drawn for training: what the model makes of them it has put together by itself.
UNSEEN_ACCENTS = {
    ("gold", "purple"), ("copper", "green"), ("black", "pink"), ("chrome", "orange"),
    ("white", "blue"), ("red", "gold"), ("blue", "copper"), ("green", "purple"),
}  # fmt: skip
UNSEEN_FINISHES = {
    ("copper", "hammered"),
    ("black", "polished"),
    ("white", "brushed"),
    ("gold", "matt"),
}


@dataclass(frozen=True)
class Tap:
    """`accent` is the colour of its handles, and of what is set off on fittings without any."""

    kind: str
    body: str
    accent: str
    finish: str
    handles: str
    setting: str

    @property
    def unseen(self) -> bool:
        """Whether it holds a combination that no drawing for training has."""
        accent, finish = (self.body, self.accent), (self.body, self.finish)
        return accent in UNSEEN_ACCENTS or finish in UNSEEN_FINISHES


PARTS = tuple(field.name for field in fields(Tap))
VALUES = {
    "kind": tuple(KINDS),
    "body": tuple(BODIES),
    "accent": tuple(ACCENTS),
    "finish": tuple(FINISHES),
    "handles": tuple(HANDLES),
    "setting": tuple(SETTINGS),
}


def made_up(chance: random.Random, *, unseen: bool | None = None) -> Tap:
    """Any tap; with `unseen`, one that training may not show, or one that it may."""
    while True:
        kind = chance.choice(VALUES["kind"])
        body = chance.choice(VALUES["body"])
        accent = body if chance.random() < 0.25 else chance.choice(VALUES["accent"])
        handles = chance.choice(VALUES["handles"]) if kind in WITH_HANDLES else "none"
        found = Tap(
            kind, body, accent, chance.choice(VALUES["finish"]), handles,
            chance.choice(VALUES["setting"]),
        )  # fmt: skip
        if unseen is None or found.unseen == unseen:
            return found


def description(tap: Tap) -> str:
    """For those who cannot see the picture."""
    kind = KINDS[tap.kind][0]
    if tap.kind in WITH_HANDLES and tap.handles != "none":
        accent = "" if tap.accent == tap.body else f"{tap.accent} "
        noun = {"lever": "lever", "crosses": "cross handles", "knobs": "round knobs"}[tap.handles]
        rest = f" with {'a ' if tap.handles == 'lever' else 'two '}{accent}{noun}"
    else:
        rest = "" if tap.accent == tap.body else f" with {tap.accent} details"
    before = {"plain": "before a plain wall"}.get(tap.setting, f"before {tap.setting}")
    return f"A {tap.finish} {tap.body} {kind}{rest}, {before}."


def caption(tap: Tap, chance: random.Random) -> tuple[str, frozenset[str]]:
    """A sentence about it as somebody may put it, and the parts that it tells of."""
    told = {part for part in PARTS if chance.random() < 0.62}
    if chance.random() < 0.25:
        told = set(chance.sample(PARTS, chance.choice((1, 2, 2))))
    if tap.kind not in WITH_HANDLES:
        told.discard("handles")
    told = told or {"kind"}
    words = {
        "kind": chance.choice(KINDS[tap.kind]),
        "body": chance.choice(BODIES[tap.body][0]),
        "accent": chance.choice(ACCENTS[tap.accent][0]),
        "finish": chance.choice(FINISHES[tap.finish]),
        "handles": chance.choice(HANDLES[tap.handles]),
        "setting": chance.choice(SETTINGS[tap.setting]),
    }
    write = chance.choice((_sentence, _sentence, _list))
    return write({part: words[part] for part in PARTS if part in told}, chance), frozenset(told)


def _sentence(words: dict[str, str], chance: random.Random) -> str:
    """`a polished gold swan neck tap with two purple knobs, before wood`"""
    front = [words[part] for part in ("finish", "body") if part in words]
    end = chance.choice(("tap", "faucet", "fitting", "one"))
    said = [chance.choice(("a", "the", "")), *front, words.get("kind", end)]
    if "accent" in words and "handles" in words:
        said += ["with", words["accent"], words["handles"].removeprefix("a ")]
    elif "accent" in words:
        said += ["with", words["accent"], chance.choice(("handles", "details", "parts"))]
    elif "handles" in words:
        said += ["with", words["handles"]]
    if "setting" in words:
        said += [chance.choice(("before", "in front of", "on", "and")), words["setting"]]
    return " ".join(filter(None, said))


def _list(words: dict[str, str], chance: random.Random) -> str:
    """`gold purple tap`: as people type who search. What comes first of two colours is the body."""
    order = [part for part in words if part not in ("body", "accent")]
    chance.shuffle(order)
    colours = [words[part] for part in ("body", "accent") if part in words]
    if len(colours) == 1 and "accent" in words:
        colours.append(chance.choice(("handles", "details")))
    place = chance.randint(0, len(order))
    said = [words[part] for part in order[:place]] + colours
    return " ".join(said + [words[part] for part in order[place:]])
