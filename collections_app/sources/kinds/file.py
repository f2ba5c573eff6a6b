"""An uploaded archive, mailbox or message with attachments, each file in it an item, or a table,
each row one, or a collection of an `embeddings.db`, each row one with its vector, or a file of
word vectors."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from collections_app.intake import media_type, safe_id
from collections_app.models import Blob
from collections_app.pipeline import containers
from collections_app.pipeline.extracted import Unreadable
from collections_app.sources import embeddings, words
from collections_app.sources.items import Content, Context, Item, Skipped, Unlisted, Validators
from collections_app.sources.options import Option
from collections_app.sources.tables import MEDIA_TYPE, check_plan, rows_of
from collections_app.storage import Rejected, path_of

OPTIONS = (
    Option("name"),  # the file's own
    Option("reading", default="auto", choices=("auto", "container", "rows", "embeddings", "words")),
    Option("collection", int, least=-(2**63), most=2**63 - 1),  # its number in an embeddings.db
    Option("format", dict),  # RowFormat's, where it is known
    Option("plan", dict),  # Plan's, for rows
    Option("most", int),  # words of a file of word vectors; 0: all of them
    MEDIA_TYPE,  # of the text in rows
    Option("before"),  # put before each id, where another source has the same ones
)
SECRETS: tuple[Option, ...] = ()
COMPLETE = True


def check(options: dict[str, Any], blob: Blob | None) -> None:
    if blob is None:
        raise Rejected(_("Upload a file for this source."))
    check_plan(options)


def items(context: Context) -> Iterator[Item]:
    """Raises Unlisted where the file is none of these, or is broken at some point."""
    before = context.options["before"]
    for item in _items(context):
        yield replace(item, external_id=before + item.external_id) if item.listed else item


def _items(context: Context) -> Iterator[Item]:
    assert context.blob is not None  # checked when the source was made
    path = path_of(context.blob.sha256)
    try:
        if context.options["reading"] == "embeddings":
            yield from embeddings.items_of(path, context)
        elif context.options["reading"] == "words":
            yield from words.items_of(path, context)
        elif _is_container(path, context.options):
            own = context.options["name"].removeprefix(context.options["before"])
            yield from _members(path, own)
        else:
            yield from rows_of(path, context)
    except Unreadable as error:
        raise Unlisted(str(error), again=False) from error
    except OSError as error:
        raise Unlisted(
            _("The stored file cannot be read: %(reason)s.") % {"reason": error.strerror}
        ) from error


def _is_container(path: Path, options: dict[str, Any]) -> bool:
    if options["reading"] != "auto":
        return bool(options["reading"] == "container")
    with path.open("rb") as file:
        return containers.holds_files(file, options["name"])


def _members(path: Path, name: str) -> Iterator[Item]:
    limits = containers.Limits(member_bytes=settings.MAX_UPLOAD_BYTES)
    for member in containers.members(path, "", limits, name or "message.eml"):
        yield _member(member)


def _member(member: containers.Member | containers.Skipped) -> Item:
    def fetch(known: Validators) -> Content:
        if isinstance(member, containers.Skipped):
            raise Skipped(member.reason)
        return Content(data=member.data, media_type=media_type(member.name))

    weight = len(member.data) if isinstance(member, containers.Member) else 0
    return Item(safe_id(member.name) or "?", fetch, weight=weight)
