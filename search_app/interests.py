"""Interests made, changed and given up, with their feeds."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from collections_app.models import Collection, Document, Viewer
from collections_app.services import Rejected
from search_app.asking import checked, understood
from search_app.following import MOST
from search_app.models import Interest, InterestMatch

Kind = Interest.Kind
NAME_LENGTH = 200


def follow(
    user: User,
    *,
    text: str = "",
    document: Document | None = None,
    filters: Sequence[str] = (),
    kind: str = Kind.SEARCH,
    collection: Collection | None = None,
    name: str = "",
    threshold: float | None = None,
    email: bool = False,
) -> Interest:
    """A new interest with a feed. `document` and `collection` are ones the user may see.

    Raises Rejected for one that says nothing, for a filter that is none, and for too many.
    """
    if Interest.objects.filter(owner=user).count() >= MOST:
        raise Rejected(_("You follow %d things, which is the most. Give one up first.") % MOST)
    if document is not None:
        kind, text, filters = Kind.DOCUMENT, "", ()
    elif kind == Kind.TEXT:
        text, filters = checked(text), ()
    else:
        understood(user, text, collection, filters)  # raises what is wrong with it
    interest = Interest(
        owner=user,
        kind=kind,
        text=text.strip(),
        document=document,
        collection=collection,
        filters=list(filters),
        name=(name.strip() or _default_name(text, document, filters))[:NAME_LENGTH],
        threshold=threshold,
        email=email,
        feed_token=Interest.new_token(),
    )
    return _saved(interest)


def change(interest: Interest, **changes: Any) -> Interest:
    """Change `name`, `threshold`, `email` or `collection`. Raises Rejected for bad values."""
    for field, value in changes.items():
        setattr(interest, field, value)
    return _saved(interest)


def new_feed(interest: Interest) -> None:
    """A new address of the feed; the old one leads nowhere from now on."""
    interest.feed_token = Interest.new_token()
    interest.save(update_fields=["feed_token"])


def end_feed(interest: Interest) -> None:
    interest.feed_token = None
    interest.save(update_fields=["feed_token"])


def by_token(token: str) -> Interest | None:
    """The interest that this is the key of the feed of, unless its owner was deactivated."""
    rows = Interest.objects.select_related("owner", "collection")
    return rows.filter(feed_token=token, owner__is_active=True).first() if token else None


def listed(user: Viewer) -> QuerySet[Interest]:
    """One's own with `count`, the matches that one may see."""
    home = "matches__document__collection"
    seen = Q(**{f"{home}__visibility": Collection.Visibility.PUBLIC}) | Q(
        **{f"{home}__owner": user.pk}
    )
    there = Q(**{f"{home}__owner__isnull": False})
    rows = Interest.objects.of(user).select_related("collection", "document__collection")
    counted = rows.annotate(count=Count("matches", filter=seen & there, distinct=True))
    return counted.order_by("-created", "-pk")


def matches(interest: Interest) -> QuerySet[InterestMatch]:
    """What landed near it, newest first, of what its owner may see now."""
    rows = InterestMatch.objects.filter(interest=interest).readable()
    return rows.select_related("document__collection").defer(
        "document__text", "document__body", "document__metadata"
    )


def can_mail() -> bool:
    """Whether the site has a server to send e-mails by."""
    return bool(settings.EMAIL_HOST)


def _default_name(text: str, document: Document | None, filters: Sequence[str]) -> str:
    if document is not None:
        return _("Near “%(title)s”") % {"title": str(document)[:150]}
    return " ".join(text.split()) or ", ".join(filters)


def _saved(interest: Interest) -> Interest:
    try:
        interest.clean_fields()
    except ValidationError as error:
        raise Rejected(" ".join(error.messages)) from error
    interest.save()
    return interest
