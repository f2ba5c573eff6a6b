"""An answer as plain text with marks like [1], for clients that show nothing but text. Many of
them render Markdown: nothing that a document or a chat model says may load or run there."""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rag_app.answer import Reading
from rag_app.language.safe import inert
from rag_app.models import Answer, Citation
from rag_app.templatetags.quotes import as_read


def pieces(reading: Reading) -> Iterator[str]:
    """The answer: what a chat model wrote, the quotes one by one, or that there is none."""
    if reading.withheld or reading.gone:
        yield _("The documents of this answer are deleted or no longer yours to see. Ask again.")
    elif reading.answer.kind == Answer.Kind.CHAT:
        yield inert(reading.text)
    elif reading.answer.kind == Answer.Kind.NONE:
        yield _("No document is about this. Ask with other words, or add documents that are.")
        if number := reading.waiting:
            yield " " + told_waiting(number)
    else:
        for place, quote in enumerate(reading.quotes):
            said = inert(_one_line(as_read(quote)))
            yield ("\n\n" if place else "") + f"“{said}” [{quote.number}]"


def told_waiting(number: int) -> str:
    """That an answer cannot know some documents yet."""
    return ngettext(
        "%(n)d document is not embedded yet and cannot be found.",
        "%(n)d documents are not embedded yet and cannot be found.",
        number,
    ) % {"n": number}


def copied(reading: Reading, address: Callable[[str], str]) -> str:
    """The answer with its sources below, to be pasted elsewhere."""
    return "".join(pieces(reading)) + sources(reading, address)


def sources(reading: Reading, address: Callable[[str], str]) -> str:
    """A line for each document cited, for the nearest where nothing is, or for those found where
    no answer came of them; `address` makes a path of this site one that leads here from
    elsewhere."""
    if reading.answer.kind == Answer.Kind.NONE:
        head, shown = _("The nearest passages:"), reading.passages
    elif reading.quotes or not reading.error:
        head, shown = _("Sources:"), reading.quotes
    else:
        head, shown = _("Passages found:"), reading.passages
    if not shown:
        return ""
    return "\n\n" + "\n".join([head, *(_source(one, address) for one in shown)])


def _source(citation: Citation, address: Callable[[str], str]) -> str:
    title = inert(_one_line(str(citation.document)))
    return f"[{citation.number}] {title} — {address(citation.get_absolute_url())}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
