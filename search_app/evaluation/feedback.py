"""What people who search tell of its results: thumbs, and what they open if they want."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from collections_app.models import Document, Viewer
from search_app.evaluation.judging import name_of
from search_app.models import FeedbackChoice, JudgedQuery, Judgement
from search_app.search import checked

MOST_CLICKED = 1000  # queries kept by clicks for a user and collection; the oldest go
RIGHT, OPENED, WRONG = 2, 1, 0  # grades: thumbs up, a click, thumbs down
CLICK, THUMBS = JudgedQuery.Source.CLICK, JudgedQuery.Source.THUMBS
SALT = "search_app.opened"
TOKEN_SECONDS = 24 * 3600  # a page of results that is older tells nothing


def choice(user: Viewer) -> FeedbackChoice:
    """What the user lets searches keep; a row that is not stored where none was made."""
    found = None
    if user.is_authenticated:
        found = FeedbackChoice.objects.filter(user=user.pk).first()
    return found or FeedbackChoice(user_id=user.pk or 0)


@transaction.atomic
def choose(user: User, *, clicks: bool, shared: bool, history: bool = False) -> FeedbackChoice:
    """Keep the choice. What is there already is shared, or no longer shared, as well."""
    row, _made = FeedbackChoice.objects.update_or_create(
        user=user, defaults={"clicks": clicks, "shared": shared, "history": history}
    )
    told(user).update(shared=shared)
    return row


def told(user: User, *sources: str) -> QuerySet[JudgedQuery]:
    """What thumbs and clicks of the user have left."""
    return JudgedQuery.objects.filter(owner=user, source__in=sources or (CLICK, THUMBS))


def thumb(user: User, document: Document, text: str, grade: int | None) -> None:
    """The user's word on a hit of a search; None takes it back. Raises Rejected."""
    text = checked(text)
    if grade is None:
        _take_back(user, document, text)
    else:
        _tell(user, document, text, THUMBS, grade)


def click(user: User, document: Document, text: str) -> None:
    """Keep that a hit was opened, if the user wants that. Raises Rejected."""
    if not choice(user).clicks:
        return
    _tell(user, document, checked(text), CLICK, OPENED)
    kept = told(user, CLICK).filter(collection=document.collection_id)
    oldest = list(kept.order_by("-updated", "-pk").values_list("pk", flat=True)[MOST_CLICKED:])
    if oldest:
        JudgedQuery.objects.filter(pk__in=oldest).delete()


def thumbs(user: Viewer, text: str, documents: Sequence[Document]) -> dict[int, int]:
    """What the user has said of these hits: grades by number of the document. One query."""
    if not user.is_authenticated or not documents:
        return {}
    rows = Judgement.objects.filter(
        query__owner=user.pk,
        query__name=name_of(THUMBS, text),
        query__collection__in={one.collection_id for one in documents},
    ).values_list("query__collection", "external_id", "grade")
    said = {(collection, external_id): grade for collection, external_id, grade in rows}
    keys = {one.pk: (one.collection_id, one.external_id) for one in documents}
    return {pk: said[key] for pk, key in keys.items() if key in said}


def token(user: User, passage_id: int, text: str) -> str:
    """For the address of a hit: nobody else can make the user seem to have opened it."""
    return signing.dumps([user.pk, passage_id, text], salt=SALT, compress=True)


def opened(user: User, given: str) -> tuple[int, str] | None:
    """The passage and the query of a token of this user's; None for any other."""
    try:
        owner, passage_id, text = signing.loads(given, salt=SALT, max_age=TOKEN_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return (passage_id, text) if owner == user.pk else None


@transaction.atomic
def _tell(user: User, document: Document, text: str, source: str, grade: int) -> None:
    query, _made = JudgedQuery.objects.update_or_create(
        collection=document.collection,
        owner=user,
        name=name_of(source, text),
        defaults={
            "text": text,
            "source": source,
            "shared": choice(user).shared,
            "accepted": False,  # what was accepted did not have this
        },
    )
    Judgement.objects.update_or_create(
        query=query, external_id=document.external_id, defaults={"grade": grade}
    )


@transaction.atomic
def _take_back(user: User, document: Document, text: str) -> None:
    """A query that is left without a judgement goes as well."""
    query = (
        told(user, THUMBS)
        .filter(collection=document.collection_id, name=name_of(THUMBS, text))
        .first()
    )
    if query is None:
        return
    query.judgements.filter(external_id=document.external_id).delete()
    if not query.judgements.exists():
        query.delete()
