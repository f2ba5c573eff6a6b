"""Reasons that workers and encoders give, in the language of whoever reads them.

They are written in English, when no reader is there yet and where Django is not known, and
kept so. Each sentence stands here as a text to translate, with places for what changes in it.
"""

import re
from functools import cache

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from collections_app import model_reasons, run_reasons

_PLACE = re.compile(r"%(?:\((\w+)\))?[sd]")

SENTENCES = (
    # reading
    _("The file is empty. Choose one that has text in it."),
    _("There is only white space in it. Choose a file that has text in it."),
    _("No text was found in it, only markup. Choose a page that has text."),
    _("The text is %(length)s characters long; the most is %(most)s. Split the file."),
    _(
        "One of the page's elements has %(count)s attributes; the most is %(most)s. "
        "Save its text as a plain text file."
    ),
    _(
        "This file cannot be read. Text, Markdown, HTML, PDF, Word, PowerPoint, Excel, "
        "OpenDocument, EPUB, RTF, e-mail, notebooks and pictures can be read."
    ),
    _(
        "This file cannot be read: it looks like %(kind)s. Text, Markdown, HTML, PDF, Word, "
        "PowerPoint, Excel, OpenDocument, EPUB, RTF, e-mail, notebooks and pictures can be read."
    ),
    _(
        "This file cannot be read. Text, Markdown, HTML, PDF, Word, PowerPoint, Excel, "
        "OpenDocument, EPUB, RTF, e-mail, notebooks and pictures can be read. "
        "It has NUL bytes in it."
    ),
    _(
        "This file cannot be read: it looks like %(kind)s. Text, Markdown, HTML, PDF, Word, "
        "PowerPoint, Excel, OpenDocument, EPUB, RTF, e-mail, notebooks and pictures can be read. "
        "It has NUL bytes in it."
    ),
    _("No text was found in it. Choose a file that has words in it."),
    _("It is not valid as %(encoding)s from byte %(start)s on. Choose another encoding."),
    _("No encoding is called %(encoding)s. Choose another one."),
    _("The text has NUL characters in it. Choose another encoding."),
    # files that are read in a child process
    _(
        "Reading it took more than %(seconds)s s (EXTRACT_SECONDS). "
        "Make the file smaller, or split it."
    ),
    _(
        "Reading it needed more than %(size)s MB of memory (EXTRACT_MEMORY_MB). "
        "Make the file smaller, or split it."
    ),
    _(
        "Its reader crashed: the file is damaged, or needs more than %(size)s MB of memory "
        "(EXTRACT_MEMORY_MB). Save it again, or split it."
    ),
    _("It is nested too deep to be read. Save it in a simpler form."),
    _("The file is damaged: its package is not whole. Save or copy it again."),
    _("The file is locked with a password. Save it without one."),
    _(
        "Its package has %(count)s parts; the most is %(most)s. "
        "Save it again from the program that made it."
    ),
    _(
        "Unpacked, the file has %(size)s MB, from %(packed)s MB. "
        "Split it, or save it again from the program that made it."
    ),
    _(
        "Its XML defines entities, which such files never do and attacks are made of. "
        "Save it again from the program that made it."
    ),
    _("The PDF has %(count)s pages; the most is %(most)s. Split the file."),
    _("The PDF is damaged and cannot be opened. Save or copy it again."),
    _("The pages of the PDF are damaged. Save or copy it again."),
    _(
        "The PDF is scanned: its %(count)s pages are pictures, and Tesseract found no words on "
        "them. Scan it again, sharper or in parts."
    ),
    _(
        "The PDF is scanned: its %(count)s pages are pictures without text. Install Tesseract on "
        "the server, then try again, or add a PDF with text."
    ),
    _("The message has %(count)s parts; the most is %(most)s. Save what is to be found as text."),
    _("The notebook is no whole JSON. Save it again."),
    _("The notebook has no cells. Save it again."),
    _(
        "The file begins with a %(encoding)s mark but is not valid from byte %(start)s on. "
        "Save it again as UTF-8."
    ),
    _("The text has NUL characters in it. Remove them and add it again."),
    _("The encoding of the text is not known. Save the file as UTF-8."),
    _("The stored file is gone. Add the document again."),
    _("The content could not be read (%(error)s)."),
    _("The text could not be split (%(error)s)."),
    # embedding
    _("The model gave numbers that are not finite."),
    _("The model gave a vector of zeros: it knows nothing in this text."),
    _(
        "The worker stopped %(count)s times while it was at this document. Its log may say why; "
        "make the document smaller or try again."
    ),
    _("The embedding was cancelled by %(name)s. Try again to go on."),
    # clusters
    _("The clusters could not be built (%(error)s)."),
    _("The documents of this cluster are too much alike to be split."),
    _("The collection has grown beyond what clusters are made of. Split it into several."),
    _("The worker stopped %(count)s times while it built the clusters. Its log may say why."),
)


def in_words(reason: str) -> str:
    """The reason in the reader's language; as it is where it is none of the sentences."""
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return _filled(gettext(sentence), found)
    return gettext(reason) if reason.strip() else reason


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    every = (*SENTENCES, *run_reasons.SENTENCES, *model_reasons.SENTENCES)
    return [(one, _pattern(one)) for one in every]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACE.split(sentence)  # words and names, by turns; a place may have no name
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>.+)" if name else "(.+)" for name in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


def _filled(text: str, found: re.Match[str]) -> str:
    """The text with what was found in its places; a reason in a reason is translated too."""

    def word(place: re.Match[str]) -> str:
        value = found[place[1] or 1]
        return in_words(value) if place[1] in ("reason", "server") else value

    return _PLACE.sub(word, text)
