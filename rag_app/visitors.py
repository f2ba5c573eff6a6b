"""Whose questions a request may see: a user's own, or those of a visitor's session."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from rest_framework.request import Request

from collections_app.models import Collection
from rag_app.models import Question


def own_questions(request: HttpRequest | Request) -> QuerySet[Question]:
    """One's questions with their answers. `home` is the collection's name, or None where it
    is no longer one that the asker may see."""
    mine = Question.objects.visible_to(request.user, request.session.session_key)
    return _with_answers(request, mine)


def shared_questions(request: HttpRequest) -> QuerySet[Question]:
    """Those that whoever has their link may read, likewise: they were shared themselves, or with
    the conversation up to a later question."""
    later = sharing().filter(conversation=OuterRef("conversation"), created__gt=OuterRef("created"))
    rows = Question.objects.filter(Q(shared=True) | Exists(later))
    return _with_answers(request, rows)


def sharing() -> QuerySet[Question]:
    """Questions whose links show those before them in their conversations, too."""
    return Question.objects.filter(shared=True, shared_conversation=True)


def _with_answers(request: HttpRequest | Request, rows: QuerySet[Question]) -> QuerySet[Question]:
    homes = Collection.objects.visible_to(request.user).filter(pk=OuterRef("collection_id"))
    return rows.select_related("answer").annotate(home=Subquery(homes.values("name")[:1]))


def session_key(request: HttpRequest | Request) -> str:
    """The session that a visitor's question belongs to, begun if need be; a user's has none."""
    if request.user.is_authenticated:
        return ""
    if not request.session.session_key:
        request.session.create()
    return str(request.session.session_key)
