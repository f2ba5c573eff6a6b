"""The levels of a text's headings on a page that has one of its own above them."""

import re

_HEADING = re.compile(r"<(/?)h([2-6])>")


def levelled(html: str, *, untitled: bool = False) -> str:
    """Rendered HTML whose headings go down from h2 one level at a time: what skips a level in the
    text, or goes on from a part before, does not here.

    `untitled`: the first heading repeats the page's title, is not shown and does not count.
    """
    above: list[int] = []  # levels of the text, each within the one before
    skipped = not untitled

    def level(found: re.Match[str]) -> str:
        nonlocal skipped
        closing, number = found[1], int(found[2])
        if not skipped:
            skipped = bool(closing)
            return found[0]
        if not closing:
            while above and above[-1] >= number:
                above.pop()
            above.append(number)
        return f"<{closing}h{min(len(above) + 1, 6)}>"

    return _HEADING.sub(level, html)
