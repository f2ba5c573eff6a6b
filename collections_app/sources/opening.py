"""Items that hold others: archives, mailboxes, messages with attachments. What is in them comes
as items too, under the id of what they are in: `mail/letter.eml/report.pdf`."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO

from django.conf import settings

from collections_app.intake import media_type
from collections_app.models import Source
from collections_app.pipeline import containers
from collections_app.sources.items import Content, Item, Skipped, Validators


def holds_items(item: Item, found: Content, kind: str) -> bool:
    """Whether the item is to be taken apart: the files of an upload were already."""
    if found.data is None or item.within or kind == Source.Kind.FILE:
        return False
    return containers.holds_files(BytesIO(found.data), item.external_id)


def items_in(item: Item, found: Content) -> Iterator[Item]:
    """The files in it, and last the item itself where that is a message.

    Raises Unreadable, also after some of them.
    """
    key = item.external_id
    limits = containers.Limits(member_bytes=settings.MAX_UPLOAD_BYTES)
    itself = False
    for member in containers.members_of(BytesIO(found.data or b""), key, limits, message=key):
        if member.name == key:
            itself = True
        else:
            yield _item(member, key)
    if itself:
        # Last: a run that is taken up again passes over an item that it has seen.
        yield replace(
            item, fetch=lambda known: found, validators=_validators(found.data), within=key
        )


def _item(member: containers.Member | containers.Skipped, within: str) -> Item:
    if isinstance(member, containers.Skipped):
        return Item(member.name, partial(_skip, member.reason), within=within)
    validators, weight = _validators(member.data), len(member.data)
    return Item(member.name, partial(_content, member), validators, weight=weight, within=within)


def _content(member: containers.Member, known: Validators) -> Content:
    return Content(data=member.data, media_type=media_type(member.name))


def _skip(reason: str, known: Validators) -> Content:
    raise Skipped(reason)


def _validators(data: bytes | None) -> Validators:
    return {"sha256": hashlib.sha256(data or b"").hexdigest()}
