"""The words of a Markdown heading, without its markup."""

import re

_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_MOST_CHARS = 5_000  # of a heading that are looked at
_MARKUP = re.compile(
    r"(?<!`)(?P<ticks>`{1,3})(?!`)(?P<code>[^`]{1,300})(?P=ticks)"
    r"|!?\[(?P<link>[^\[\]]{0,300})\]\([^()]{0,1000}\)"
    r"|(?P<stars>\*{1,3})(?=\S)(?P<strong>[^*]{1,300})(?<=\S)(?P=stars)"
    r"|(?<!\w)(?P<scores>_{1,3})(?=\S)(?P<em>.{1,300}?)(?<=\S)(?P=scores)(?!\w)"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
)


def heading_title(raw: str) -> str:
    """A heading's words without closing hashes, emphasis and link targets."""
    return " ".join(_bare(_CLOSING_HASHES.sub("", raw[:_MOST_CHARS])).split())


def _bare(text: str) -> str:
    return _MARKUP.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    """What is seen of a piece of inline markup."""
    literal = found["code"] or found["escaped"]
    return literal or _bare(found["link"] or found["strong"] or found["em"] or "")
