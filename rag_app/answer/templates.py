"""The prompt of a collection: the site's own words, or those that its editors wrote."""

from dataclasses import asdict
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app.language.prompts import IN_MESSAGE, IN_SYSTEM, Template
from rag_app.models import PromptTemplate

MOST_CHARS = 8000  # of each of the two
FIND = f"SELECT system, message FROM {PromptTemplate._meta.db_table} WHERE collection_id = %s"  # noqa: S608


def template_of(collection: Collection | None) -> Template:
    """What is sent where this collection alone is asked; the site's own where several are."""
    if collection is None:
        return Template()
    with connection.cursor() as cursor:
        cursor.execute(FIND, [collection.pk])
        row = cursor.fetchone()
    return Template(*row) if row else Template()


def stored(kept: dict[str, Any]) -> Template:
    """As an answer keeps it."""
    return Template(**kept) if kept else Template()


def kept(template: Template) -> dict[str, Any]:
    """For an answer to keep; nothing of the site's own."""
    return {} if template == Template() else asdict(template)


def checked(system: str, message: str) -> Template:
    """A template that can be sent. Raises Rejected: too long, placeholders that do not exist or
    that are not there."""
    texts = [text.replace("\x00", "").replace("\r\n", "\n").strip() for text in (system, message)]
    if max(map(len, texts)) > MOST_CHARS:
        raise Rejected(_("Each part can have %(most)d characters.") % {"most": MOST_CHARS})
    template = Template(*texts)
    if unknown := template.unknown():
        raise Rejected(
            _(
                "%(names)s: no such placeholder here. The system message may have %(system)s, the"
                " message %(message)s."
            )
            % {
                "names": _braced(unknown),
                "system": _braced(IN_SYSTEM),
                "message": _braced(IN_MESSAGE),
            }
        )
    if lacking := template.lacking():
        raise Rejected(
            _(
                "%(names)s must be there, once: {delimiters} in the system message, {passages} and"
                " {question} in the message."
            )
            % {"names": _braced(lacking)}
        )
    return template


def save(collection: Collection, system: str, message: str) -> Template:
    """Raises Rejected. Words that are the site's own are not kept."""
    template = checked(system, message)
    if template == Template():
        reset(collection)
    else:
        PromptTemplate.objects.update_or_create(collection=collection, defaults=asdict(template))
    return template


def reset(collection: Collection) -> None:
    """Back to the site's own words."""
    PromptTemplate.objects.filter(collection=collection).delete()


def _braced(names: Any) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
