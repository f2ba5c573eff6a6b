"""A question that asks several things, taken apart, so that each is looked for by itself."""

import re

MOST = 3
FEWEST_WORDS, FEWEST_CJK = 3, 5
_ASKING = (
    r"how|what|which|who|whom|whose|why|when|where|is|are|do|does|did|can|could|should|will|would"
)
_BREAK = re.compile(
    r"[?？;；]+\s*|[,，、]\s*(?:and|or|but|then|und|oder|et|ou|y|o|e|en|of)\s+(?=\w)"
    rf"|,?\s+(?:and|or|but)\s+(?=(?:{_ASKING})\b)|，\s*(?:以及|並且|而且|还有|還有|並|又)",
    re.IGNORECASE,
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def parts(question: str) -> list[str]:
    """Its parts, two or three; none where it asks one thing, or so many that none stands out."""
    found = [part.strip(" ,.?，。") for part in _BREAK.split(question)]
    long = [one for one in found if _is_question(one)]
    return long if 1 < len(long) <= MOST and len(long) == len([one for one in found if one]) else []


def _is_question(part: str) -> bool:
    return len(part.split()) >= FEWEST_WORDS or len(_CJK.findall(part)) >= FEWEST_CJK
