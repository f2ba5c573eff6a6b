"""The stages of a document's way, and where in it an attempt failed, in the reader's language."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from collections_app.models import Document

STAGES = {
    "received": _("received"),
    "extracted": _("extracted"),
    "split": _("split"),
    "embedded": _("embedded"),
    "indexed": _("indexed"),
    "ready": _("ready"),
    "set_aside": _("set aside"),
}
FAILED_AT = {
    "extract": _("extracting"),
    "split": _("splitting"),
    "embed": _("embedding"),
    "worker": _("worker"),
    "cancel": _("cancelled"),
}
PLACES = {
    "page": _("page"),
    "slide": _("slide"),
    "sheet": _("sheet"),
    "cell": _("cell"),
    "line": _("line"),
    "chapter": _("chapter"),
    "heading": _("heading"),
    "part": _("part"),
    "entry": _("entry"),
    "passage": _("passage"),
}


def reached(document: Document) -> list[tuple[str, datetime]]:
    """The stages that the document has reached, in order, and when it last did."""
    times = {"received": document.created}
    for name, written in document.stages.items():
        if name in STAGES and (time := parse_datetime(written)):
            times[name] = time
    return [(gettext(label), times[name]) for name, label in STAGES.items() if name in times]


def failed_at(stage: str) -> str:
    """What was being done when it failed."""
    return gettext(FAILED_AT[stage]) if stage in FAILED_AT else stage


def place_in_words(place: Mapping[str, object]) -> str:
    """`page 3`, `line 20–31`, `Prices!A5:C9`."""
    begins = {name: value for name, value in place.items() if name != "to"}
    if begins.keys() == {"sheet", "cell"}:  # as spreadsheets write it
        return f"{place['sheet']}!{place['cell']}" + (f":{place['to']}" if "to" in place else "")
    names = {name: gettext(PLACES[name]) if name in PLACES else name for name in begins}
    words = ", ".join(f"{names[name]} {value}" for name, value in begins.items())
    return f"{words}–{place['to']}" if "to" in place else words
