"""What can lose a document of a search before anything is ranked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from collections_app.models import Collection, Document, Viewer
from collections_app.reasons import in_words
from collections_app.stages import failed_at
from search_app.analysis.query import METADATA
from search_app.asking import Asked
from search_app.queries import filters, words


class Stage(StrEnum):
    """Where a document can be lost, in the order of a search; `ranked`: nowhere."""

    WAITING = "waiting"
    SET_ASIDE = "set_aside"
    NO_PASSAGES = "no_passages"
    FILTER = "filter"
    WORDS = "words"
    CANDIDATES = "candidates"
    FOLDED = "folded"
    WEAK = "weak"
    RANKED = "ranked"


@dataclass(frozen=True)
class Missing:
    """`what` happened and what to do, `advice`, as sentences. `figures` are of the stage:
    `failed` conditions, `lacked` words, the parts of a score, `place` and `page`."""

    stage: Stage
    what: str
    advice: str
    document: Document
    figures: dict[str, Any] = field(default_factory=dict)
    other: Document | None = None  # that it is folded under


def unready(document: Document) -> Missing | None:
    if document.active_passages().exists():
        return None
    if document.state == Document.State.SET_ASIDE:
        figures = {"error": document.error, "error_stage": document.error_stage}
        reason = in_words(document.error)
        if document.error_stage:
            reason = f"{failed_at(document.error_stage)}: {reason}"
        what = _("It was set aside, because it could not be embedded. %(reason)s")
        advice = _("Mend what is wrong, then try it again on its page.")
        return Missing(Stage.SET_ASIDE, what % {"reason": reason}, advice, document, figures)
    if document.state == Document.State.QUEUED:
        what = _("It is waiting to be embedded.")
        advice = _("It can be found as soon as that is done. The collection shows how far it is.")
        return Missing(Stage.WAITING, what, advice, document)
    what = _("It has no passages: there is no text in it.")
    advice = _("Give it text, or have the file read as another format, on its page.")
    return Missing(Stage.NO_PASSAGES, what, advice, document)


def filtered(user: Viewer, document: Document, asked: Asked) -> Missing | None:
    if document.collection_id not in {one.pk for one in asked.collections}:
        what = _("It is in another collection, “%(name)s”.") % {"name": document.collection.name}
        advice = _("Search that collection, or everything.")
        figures: dict[str, Any] = {"collection": document.collection_id}
        return Missing(Stage.FILTER, what, advice, document, figures)
    fields = [*asked.query.fields, *asked.fields]
    failed = filters.failed(document.pk, fields, asked.collections, user)
    if not failed:
        return None
    written = [one.written for one in failed]
    names = dict.fromkeys(one.name.removeprefix(METADATA) for one in failed)
    has = {name: document.metadata[name] for name in names if name in document.metadata}
    what = _("A filter leaves it out: %(filters)s.") % {"filters": ", ".join(written)}
    advice = _("Take the filter away, or give the document what it asks for.")
    return Missing(Stage.FILTER, what, advice, document, {"failed": written, "metadata": has})


def unsaid(document: Document, asked: Asked) -> Missing | None:
    """What the syntax of the query asks of words."""
    failed = words.failed(document.pk, asked.query, alike(document, asked.collections))
    if not failed:
        return None
    lacked = ", ".join(one.written for one in failed if one.held)
    had = ", ".join(one.written for one in failed if not one.held)
    parts = []
    if lacked:
        parts.append(_("No passage of it has %(words)s.") % {"words": lacked})
    if had:
        parts.append(_("It has what is excluded: %(words)s.") % {"words": had})
    advice = _("Take this out of the query. Words without signs are looked for, not demanded.")
    figures = {"failed": [one.written for one in failed]}
    return Missing(Stage.WORDS, " ".join(parts), advice, document, figures)


def alike(document: Document, collections: Sequence[Collection]) -> list[Collection]:
    """Those that are searched in one with the document's own."""
    home = document.collection
    return [
        one
        for one in collections
        if (one.embedding_model_id, one.language) == (home.embedding_model_id, home.language)
    ]
