"""How much a user and a collection hold, how much they may, and what does not fit any more.

What counts is what came in: the bytes of each document's file, or of its text, and the files
that sources keep. Equal files are stored once but count for each who has them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Case, Count, F, Func, Q, Sum, When
from django.db.models.functions import Coalesce, Now
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collections_app.models import Collection, Document, Quota, Source, Upload

_TEXT_BYTES = Func(
    Coalesce("body", "text"), function="octet_length", output_field=BigIntegerField()
)
DOCUMENT_BYTES = Case(
    When(blob=None, then=_TEXT_BYTES), default=F("blob__size"), output_field=BigIntegerField()
)


@dataclass
class Usage:
    """What one user or one collection holds and may hold at most; a most of 0 is no limit."""

    of_user: bool
    bytes: int
    documents: int
    most_bytes: int
    most_documents: int

    @property
    def limited(self) -> bool:
        return bool(self.most_bytes or self.most_documents)

    def refusal(self, more_bytes: int, more_documents: int) -> str:
        """Why so much more does not fit, and what to do; empty where it does."""
        if self.most_bytes and more_bytes > 0 and self.bytes + more_bytes > self.most_bytes:
            return self._bytes_refusal(more_bytes)
        documents = self.documents + more_documents
        if self.most_documents and more_documents > 0 and documents > self.most_documents:
            return self._documents_refusal(more_documents)
        return ""

    def _bytes_refusal(self, more: int) -> str:
        message = (
            _(
                "There is not enough room: your documents may take %(most)s and take %(used)s; "
                "this needs %(more)s more. Delete some, or ask the administrator for more."
            )
            if self.of_user
            else _(
                "There is not enough room: this collection may take %(most)s and takes %(used)s; "
                "this needs %(more)s more. Delete some of it, or ask the administrator for more."
            )
        )
        return message % {
            "most": filesizeformat(self.most_bytes),
            "used": filesizeformat(self.bytes),
            "more": filesizeformat(more),
        }

    def _documents_refusal(self, more: int) -> str:
        message = (
            ngettext(
                "You may have %(most)d documents and have %(used)d; this is %(more)d more. "
                "Delete some, or ask the administrator for more.",
                "You may have %(most)d documents and have %(used)d; these are %(more)d more. "
                "Delete some, or ask the administrator for more.",
                more,
            )
            if self.of_user
            else ngettext(
                "This collection may have %(most)d documents and has %(used)d; this is %(more)d "
                "more. Delete some, or ask the administrator for more.",
                "This collection may have %(most)d documents and has %(used)d; these are "
                "%(more)d more. Delete some, or ask the administrator for more.",
                more,
            )
        )
        return message % {"most": self.most_documents, "used": self.documents, "more": more}


def of_user(user_id: int) -> Usage:
    """Counted now, in three queries."""
    rows = Collection.objects.filter(owner=user_id).values("pk")
    return _usage(Q(collection__in=rows), Quota.objects.filter(user=user_id).first(), of_user=True)


def limit_of_user(user_id: int) -> Usage | None:
    """What the user holds, counted only where there is a limit."""
    quota = Quota.objects.filter(user=user_id).first()
    return of_user(user_id) if any(_most(quota, of_user=True)) else None


def of_collection(collection: Collection) -> Usage:
    """Counted now, in three queries."""
    quota = Quota.objects.filter(collection=collection).first()
    return _usage(Q(collection=collection), quota, of_user=False)


def limits(collection: Collection) -> list[Usage]:
    """What the owner and the collection hold, for those of the two that are limited."""
    return _limits(collection)


def refusal(collection: Collection, more_bytes: int, more_documents: int) -> str:
    """Why so much more does not fit into the collection beside the uploads under way."""
    return _first_refusal(_with_under_way(collection), more_bytes, more_documents)


def refused(collection: Collection, sizes: dict[str, int]) -> dict[str, str]:
    """Which files of these ids and sizes would not fit beside the uploads under way."""
    return _refused(collection, sizes, _with_under_way(collection))


def admit(collection: Collection, sizes: dict[str, int]) -> dict[str, str]:
    """Which of these ids, with the bytes each is to have, do not fit: `{id: why}`.

    In a transaction: until its end nobody else adds to what the owner has. Those before others
    go in first; one that needs no more room than it has goes in always.
    """
    return _refused(collection, sizes, _limits(collection, lock=True))


def _refused(collection: Collection, sizes: dict[str, int], limits: list[Usage]) -> dict[str, str]:
    if not limits:
        return {}
    rows = collection.documents.filter(external_id__in=list(sizes))
    known = dict(rows.values_list("external_id", DOCUMENT_BYTES))
    found = {}
    for external_id, size in sizes.items():
        growth, more = size - known.get(external_id, 0), int(external_id not in known)
        if message := _first_refusal(limits, growth, more):
            found[external_id] = message
            continue
        for usage in limits:
            usage.bytes += growth
            usage.documents += more
    return found


def _with_under_way(collection: Collection) -> list[Usage]:
    limits = _limits(collection)
    for usage in limits:
        mine = Q(owner=collection.owner_id) if usage.of_user else Q(collection=collection)
        under_way = (
            Upload.objects.filter(mine, expires__gt=Now())
            .coming()
            .aggregate(
                bytes=Sum("size", default=0), documents=Count("pk", filter=Q(use=Upload.Use.ADD))
            )
        )
        usage.bytes += under_way["bytes"]
        usage.documents += under_way["documents"]
    return limits


def _first_refusal(limits: Iterable[Usage], more_bytes: int, more_documents: int) -> str:
    return next(filter(None, (one.refusal(more_bytes, more_documents) for one in limits)), "")


def _limits(collection: Collection, lock: bool = False) -> list[Usage]:
    """The owner's usage and the collection's, where these are limited; counted only then."""
    mine = Q(user__isnull=False, user=collection.owner_id)
    quotas = list(Quota.objects.filter(mine | Q(collection=collection)))
    of_owner = next((one for one in quotas if one.user_id), None)
    of_this = next((one for one in quotas if one.collection_id), None)
    found = []
    if any(_most(of_owner, of_user=True)):
        if lock:
            list(User.objects.select_for_update(no_key=True).filter(pk=collection.owner_id or 0))
        collections = Collection.objects.filter(owner=collection.owner_id).values("pk")
        found.append(_usage(Q(collection__in=collections), of_owner, of_user=True))
    if any(_most(of_this, of_user=False)):
        found.append(_usage(Q(collection=collection), of_this, of_user=False))
    return found


def _most(quota: Quota | None, of_user: bool) -> tuple[int, int]:
    """Bytes and documents at most, the setting where the quota does not say."""
    default = (settings.QUOTA_BYTES, settings.QUOTA_DOCUMENTS) if of_user else (0, 0)
    given = (quota.max_bytes, quota.max_documents) if quota else (None, None)
    return (
        default[0] if given[0] is None else given[0],
        default[1] if given[1] is None else given[1],
    )


def _usage(where: Q, quota: Quota | None, of_user: bool) -> Usage:
    documents = Document.objects.filter(where).aggregate(
        bytes=Sum(DOCUMENT_BYTES, default=0), count=Count("pk")
    )
    files = Source.objects.filter(where).aggregate(bytes=Sum("blob__size", default=0))
    most_bytes, most_documents = _most(quota, of_user)
    return Usage(
        of_user, documents["bytes"] + files["bytes"], documents["count"], most_bytes, most_documents
    )
