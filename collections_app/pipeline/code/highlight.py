"""Source code as HTML: coloured, with numbers of lines, marks and anchors.

Pygments says what each piece of the text is; the HTML is made here, of escaped text and of
class names of our own, so that nothing in the code can be taken for markup.
"""

import logging
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from html import escape

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

from .languages import Language

logger = logging.getLogger(__name__)

SECONDS = 1.0  # for colours; what comes after is left plain
LONGEST_LINE = 10_000  # characters; code with longer lines was not written to be read
Span = tuple[int, int]
# The first that fits; a piece of no class has the colour of the text.
_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "tok-comment"),
    (String, "tok-string"),
    (Number, "tok-number"),
    (Keyword.Constant, "tok-number"),
    (Keyword, "tok-keyword"),
    (Operator.Word, "tok-keyword"),
    (Name.Function, "tok-name"),
    (Name.Class, "tok-name"),
    (Name.Decorator, "tok-meta"),
    (Name.Builtin, "tok-builtin"),
    (Name.Tag, "tok-keyword"),
)


def listing(
    text: str,
    language: Language,
    numbers: Sequence[int],
    *,
    marks: Sequence[Span] = (),
    anchors: Sequence[int] = (),
    first: int = 0,
    link: bool = True,
) -> str:
    """Lines with their numbers, those of the file, as far as `numbers` has them.

    `marks` are spans in rising order that do not overlap; the first is `id="mark"` where the
    lines are anchors too (`link`). `anchors` become elements `p0`, `p1`, … from `first` on.
    """
    tokens = _tokens(text, language)
    starts = [token[0] for token in tokens]
    lines: list[str] = []
    marked = False
    at = 0
    for index, line in enumerate(text.split("\n")):
        end = at + len(line)
        html = _line(text, at, end, tokens, starts, marks)
        if link and not marked and "<mark>" in html:
            html, marked = html.replace("<mark>", '<mark id="mark">', 1), True
        names = [one for one, place in enumerate(anchors) if at <= place <= end]
        html = "".join(f'<span id="p{first + one}"></span>' for one in names) + html
        lines.append(_numbered(html, numbers[index] if index < len(numbers) else None, link))
        at = end + 1
    return f'<pre class="code" tabindex="0"><code>{"".join(lines)}</code></pre>'


def _numbered(html: str, number: int | None, link: bool) -> str:
    if number is None:
        return f'<span class="code__line"><span class="code__number"></span>{html}\n</span>'
    if not link:
        return f'<span class="code__line"><span class="code__number">{number}</span>{html}\n</span>'
    anchor = f'<a class="code__number" href="#L{number}" tabindex="-1">{number}</a>'
    return f'<span class="code__line" id="L{number}">{anchor}{html}\n</span>'


def _line(
    text: str,
    start: int,
    end: int,
    tokens: Sequence[tuple[int, int, str]],
    starts: Sequence[int],
    marks: Sequence[Span],
) -> str:
    pieces: list[str] = []
    at = start
    begins = start + len(text[start:end]) - len(text[start:end].lstrip())
    for first, last in marks:
        if first < end and last > begins:  # what is indented is not marked
            first = max(first, begins)
            pieces.append(_coloured(text, at, first, tokens, starts))
            at = min(last, end)
            pieces.append(f"<mark>{_coloured(text, first, at, tokens, starts)}</mark>")
    pieces.append(_coloured(text, at, end, tokens, starts))
    return "".join(pieces)


def _coloured(
    text: str,
    start: int,
    end: int,
    tokens: Sequence[tuple[int, int, str]],
    starts: Sequence[int],
) -> str:
    pieces: list[str] = []
    for index in range(max(bisect_right(starts, start) - 1, 0), len(tokens)):
        first, last, kind = tokens[index]
        if first >= end:
            break
        first, last = max(first, start), min(last, end)
        if first < last:
            pieces.append(escape(text[start:first]))
            pieces.append(f'<span class="{kind}">{escape(text[first:last])}</span>')
            start = last
    pieces.append(escape(text[start:end]))
    return "".join(pieces)


def _tokens(text: str, language: Language) -> list[tuple[int, int, str]]:
    """(start, end, class) of what has a colour, in order; fewer where it would take long."""
    if max(map(len, text.split("\n"))) > LONGEST_LINE:
        return []
    found: list[tuple[int, int, str]] = []
    try:
        for start, end, kind in _read(text, language):
            if found and found[-1][1:] == (start, kind):
                found[-1] = (found[-1][0], end, kind)
            else:
                found.append((start, end, kind))
    except Exception:  # a lexer that stumbles: the text is shown without its colours
        logger.exception("Code in %s could not be coloured.", language.name)
    return found


def _read(text: str, language: Language) -> Iterator[tuple[int, int, str]]:
    until = time.monotonic() + SECONDS
    for start, kind, value in get_lexer_by_name(language.lexer).get_tokens_unprocessed(text):
        name = next((name for known, name in _CLASSES if kind in known), "")
        if name:
            yield start, start + len(value), name
        if time.monotonic() > until:
            return
