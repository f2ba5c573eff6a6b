"""How a passage is named and shown on a page."""

from itertools import accumulate
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from collections_app.pipeline.code.highlight import listing
from collections_app.pipeline.code.places import following
from search_app.analysis.code_lines import missing_indent
from search_app.hits import Hit
from search_app.views.listings import language_of, path_of

register = template.Library()

BETWEEN = " > "  # as `Passage.heading` joins the headings of a path


@register.filter
def below(path: str, title: str) -> str:
    """The heading path of a passage under its document's title, which stands there already."""
    headings = path.split(BETWEEN) if path else []
    if headings[:1] == [title]:
        del headings[0]
    return " › ".join(headings)


@register.filter
def code_place(hit: Hit) -> dict[str, Any] | None:
    """`path:line` of source code, where that is on its page, and the language."""
    language, line = language_of(hit.document), hit.passage.place.get("line")
    if language is None or not line:
        return None
    return {
        "place": f"{path_of(hit.document)}:{line}",
        "url": hit.passage.get_absolute_url().partition("#")[0] + f"#L{line}",
        "language": language.name,
    }


@register.filter
def code_lines(hit: Hit) -> SafeString | str:
    """The snippet of source code, coloured, with the numbers of its lines; empty for others."""
    language, line = language_of(hit.document), hit.passage.place.get("line")
    if language is None:
        return ""
    text = "".join(piece for piece, _matched in hit.snippet)
    at = max(hit.passage.text.find(text), 0)
    indent = 0 if at else missing_indent(text)
    ends = list(accumulate(len(piece) for piece, _matched in hit.snippet))
    marks = [
        (indent + end - len(piece), indent + end)
        for (piece, matched), end in zip(hit.snippet, ends, strict=True)
        if matched
    ]
    numbers: list[int] = []
    if line:
        before = hit.passage.text.count("\n", 0, at)
        count = before + text.count("\n") + 1
        numbers = following(hit.document.metadata.get("lines"), line, count)[before:]
    # All of it was escaped piece by piece.
    html = listing(" " * indent + text, language, numbers, marks=marks, link=False)
    return mark_safe(html)  # noqa: S308
