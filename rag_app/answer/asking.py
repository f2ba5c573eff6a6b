"""Asking a question, asking it again, and what would be sent if it were asked."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from rag_app.answer.conversations import said_before
from rag_app.answer.drafting import Draft, draft
from rag_app.answer.followups import standalone
from rag_app.answer.steering import MOST_DROPPED, MOST_PINNED, Chosen, kept
from rag_app.language.prompts import Template
from rag_app.models import Answer, Question

MOST_ROLE_CHARS = 2000


def ask(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    among: Sequence[Collection] = (),
    session_key: str = "",
    chat: str = "",
    filters: Sequence[str] = (),
    pinned: Sequence[Chosen] = (),
    dropped: Sequence[Chosen] = (),
    role: str = "",
    after: Question | None = None,
    template: Template | None = None,
) -> Question:
    """Find passages and save the question with its answer: complete if it is quoted or
    there is none, pending if a chat model has yet to write it.

    One collection is asked, or those of `among`, or all that the user may see; `chat` is the
    name of a chat model, or `chats.QUOTES`; without it, the default. `filters` are those of
    search; what is `pinned` is in the context, what is `dropped` is not; `role` tells the chat
    model who it is to be, in the words of the collection or of this `template`. `after` is a
    question of the same conversation: the new one is made to stand alone first, and asked of
    what that one was asked of where nothing else is named.
    Raises Rejected and ModelMissing.
    """
    question = wanted(
        user,
        text,
        collection=collection,
        among=among,
        chat=chat,
        filters=filters,
        pinned=pinned,
        dropped=dropped,
        role=role,
        after=after,
    )
    question.session_key = session_key
    made = draft(user, question, template)
    with transaction.atomic():
        question.save()
        made.save(question)
    return question


def preview(
    user: Viewer, text: str, template: Template | None = None, **how: Any
) -> tuple[Question, Draft]:
    """What `ask` would make of it, in the words of this template or of the collection's, without
    asking or keeping anything. Raises as that does."""
    question = wanted(user, text, **how)
    return question, draft(user, question, template)


def wanted(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    among: Sequence[Collection] = (),
    chat: str = "",
    filters: Sequence[str] = (),
    pinned: Sequence[Chosen] = (),
    dropped: Sequence[Chosen] = (),
    role: str = "",
    after: Question | None = None,
) -> Question:
    """The question as it would be asked, not stored. Raises Rejected."""
    text = checked(text)
    homes = _homes(user, collection, among, after)
    question = Question(
        user=cast(User, user) if user.is_authenticated else None,
        collection=homes[0] if len(homes) == 1 else None,
        among=[one.pk for one in homes] if len(homes) > 1 else [],
        text=text,
        filters=list(filters),
        pinned=kept(user, pinned, MOST_PINNED),
        dropped=kept(user, dropped, MOST_DROPPED),
        role=_role(role or (after.role if after else "")),
        chat=chat or (after.chat if after else ""),
    )
    if after:
        question.conversation = after.conversation
        alone = standalone(text, said_before(after, user), question.chat)
        question.standalone = alone if alone != text else ""
    return question


def _homes(
    user: Viewer, one: Collection | None, among: Sequence[Collection], after: Question | None
) -> list[Collection]:
    """The collections that are asked, by their numbers; none stands for all. One that is given was
    read for this request: who may see it is told by its row. Raises Rejected."""
    numbers = {home.pk for home in ([one] if one else among)}
    if after and not numbers:
        numbers = {after.collection_id} if after.collection_id else set(after.among)
    homes = {one.pk: one} if one else _now(user, numbers)
    if numbers - {pk for pk, home in homes.items() if home.is_visible_to(user)}:
        raise Rejected(_("There is no such collection, or you may not see it."))
    return [homes[pk] for pk in sorted(numbers)]


def _now(user: Viewer, numbers: Iterable[int]) -> dict[int, Collection]:
    """Collections as they are now, with their models, as far as the user may see them."""
    rows = Collection.objects.visible_to(user).select_related("embedding_model")
    return rows.in_bulk(list(numbers)) if numbers else {}


def retry(
    question: Question,
    *,
    chat: str | None = None,
    filters: Sequence[str] | None = None,
    pinned: Sequence[Chosen] | None = None,
    dropped: Sequence[Chosen] | None = None,
    role: str | None = None,
) -> Question:
    """Ask again: the passages as they are now, and a new answer in place of the old; of another
    chat model, with other filters or passages where these are given. Raises Rejected, and then
    all stays as it was."""
    user = question.asker
    if question.collection_id:  # as it is now: the question may have been asked long ago
        rows = Collection._base_manager.select_related("embedding_model")
        question.collection = rows.filter(pk=question.collection_id).first()
    changed = {
        "chat": chat,
        "filters": None if filters is None else list(filters),
        "pinned": None if pinned is None else kept(user, pinned, MOST_PINNED),
        "dropped": None if dropped is None else kept(user, dropped, MOST_DROPPED),
        "role": None if role is None else _role(role),
    }
    changed = {name: value for name, value in changed.items() if value is not None}
    for name, value in changed.items():
        setattr(question, name, value)
    made = draft(user, question)
    with transaction.atomic():
        Question.objects.select_for_update().get(pk=question.pk)
        question.save(update_fields=list(changed))
        Answer.objects.filter(question=question).delete()
        made.save(question)
    return question


def checked(text: str) -> str:
    """The question without blanks around it; raises Rejected."""
    text = _clean(text)
    limit = settings.MAX_QUESTION_CHARS
    if not text:
        raise Rejected(_("Write a question first."))
    if len(text) > limit:
        raise Rejected(
            _("The question has %(length)s characters; the most is %(limit)s. Shorten it.")
            % {"length": number_format(len(text)), "limit": number_format(limit)}
        )
    return text


def _clean(text: str) -> str:
    """Without blanks around it, and without what no table takes."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _role(text: str) -> str:
    text = _clean(text)
    if len(text) > MOST_ROLE_CHARS:
        raise Rejected(
            _("Who the chat model is to be can have %(most)d characters; these are %(number)d.")
            % {"most": MOST_ROLE_CHARS, "number": len(text)}
        )
    return text
