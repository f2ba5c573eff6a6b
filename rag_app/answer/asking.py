"""From a question to its passages, and to a first answer where no chat model is needed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from rag_app.answer import chats, gate, quoting
from rag_app.answer.finding import Find, find
from rag_app.answer.places import place_of
from rag_app.language.budget import QuestionTooLong
from rag_app.language.prompts import NumberedPassage
from rag_app.models import Answer, Citation, Question

NEAREST = 5  # passages shown beside an answer, or in place of one


@dataclass
class Draft:
    """An answer before it is saved. Citations are numbered in their order."""

    kind: Answer.Kind
    state: Answer.State = Answer.State.COMPLETE
    chat_model: str = ""
    citations: list[Citation] = field(default_factory=list)


def ask(
    user: Viewer,
    text: str,
    *,
    collection: Collection | None = None,
    among: Sequence[Collection] = (),
    session_key: str = "",
    chat: str = "",
) -> Question:
    """Find passages and save the question with its answer: complete if it is quoted or
    there is none, pending if a chat model has yet to write it.

    One collection is asked, or those of `among`, or all that the user may see; `chat` is the
    name of a chat model, or `chats.QUOTES`; without it, the default. Raises Rejected.
    """
    text = checked(text)
    numbers = sorted({one.pk for one in ([collection] if collection else among)})
    if Collection.objects.visible_to(user).filter(pk__in=numbers).count() < len(numbers):
        raise Rejected(_("There is no such collection, or you may not see it."))
    only = (collection or among[0]) if len(numbers) == 1 else None
    several = [] if only else numbers
    draft = _draft(user, text, only, several, chat)
    with transaction.atomic():
        question = Question.objects.create(
            user_id=user.pk,
            session_key=session_key,
            collection=only,
            among=several,
            text=text,
            chat=chat,
        )
        _save(question, draft)
    return question


def retry(question: Question, *, chat: str | None = None) -> Question:
    """Ask again: the passages as they are now, and a new answer in place of the old; of another
    chat model where `chat` is given."""
    chat = question.chat if chat is None else chat
    among = question.among
    draft = _draft(asker(question), question.text, question.collection, among, chat)
    with transaction.atomic():
        Question.objects.select_for_update().get(pk=question.pk)
        Question.objects.filter(pk=question.pk).update(chat=chat)
        question.chat = chat
        Answer.objects.filter(question=question).delete()
        _save(question, draft)
    return question


def asker(question: Question) -> Viewer:
    """Who asked: what they may see decides what an answer may use and show."""
    return question.user or AnonymousUser()


def checked(text: str) -> str:
    """The question without blanks around it; raises Rejected."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    limit = settings.MAX_QUESTION_CHARS
    if not text:
        raise Rejected(_("Write a question first."))
    if len(text) > limit:
        raise Rejected(
            _("The question has %(length)s characters; the most is %(limit)s. Shorten it.")
            % {"length": number_format(len(text)), "limit": number_format(limit)}
        )
    return text


def _draft(
    user: Viewer, text: str, collection: Collection | None, among: Sequence[int], name: str
) -> Draft:
    chat = chats.chosen(name)
    if chat:
        chats.check_limit(chat)
    finds = find(user, text, collection, among)
    finds_here = gate.relevant(finds)
    if not finds_here:
        return _nothing(finds)
    finds = finds_here
    if chat is None:
        return _quoted(finds)
    packed = _packed(text, finds, chat)
    return Draft(
        Answer.Kind.CHAT,
        Answer.State.PENDING,
        chat.name,
        [_citation(found, cited=False) for found in packed],
    )


def _nothing(finds: Sequence[Find]) -> Draft:
    nearest = [_citation(found, cited=False) for found in finds[:NEAREST]]
    return Draft(Answer.Kind.NONE, citations=nearest)


def _quoted(finds: Sequence[Find]) -> Draft:
    """The best sentences, then the passages that were found but not quoted."""
    citations = [
        _citation(finds[quote.passage], quote.start, quote.end, quote.score)
        for quote in quoting.quotes(finds)
    ]
    if not citations:
        return _nothing(finds)
    used = {citation.passage_id for citation in citations}
    others = [found for found in finds if found.passage.pk not in used][:NEAREST]
    citations += [_citation(found, cited=False) for found in others]
    return Draft(Answer.Kind.EXTRACTIVE, citations=citations)


def _packed(text: str, finds: Sequence[Find], chat: chats.Chat) -> list[Find]:
    numbered = [
        NumberedPassage(number, str(found.document), found.passage.text)
        for number, found in enumerate(finds, start=1)
    ]
    try:
        packed, _prompt = chats.pack(text, numbered, finds[0].model, limit=chat.context_tokens)
    except QuestionTooLong as error:
        raise Rejected(
            _("The question leaves no room for passages in the chat model's context. Shorten it.")
        ) from error
    if not packed:
        raise Rejected(
            _("No passage fits beside the question in the chat model's context. Shorten it.")
        )
    return [finds[passage.number - 1] for passage in packed]


def _citation(
    found: Find,
    start: int | None = None,
    end: int | None = None,
    score: float | None = None,
    *,
    cited: bool = True,
) -> Citation:
    """A span of the found document: the whole passage unless told otherwise."""
    start = found.passage.start if start is None else start
    end = found.passage.end if end is None else end
    return Citation(
        document=found.document,
        passage=found.passage,
        start=start,
        end=end,
        quote=found.text[start:end],
        content_hash=found.document.content_hash,
        score=found.cosine if score is None else score,
        place=place_of(found.passage.place, found.text, found.passage.start, start, end),
        cited=cited,
    )


def _save(question: Question, draft: Draft) -> None:
    answer = Answer.objects.create(
        question=question, kind=draft.kind, state=draft.state, chat_model=draft.chat_model
    )
    for number, citation in enumerate(draft.citations, start=1):
        citation.answer, citation.number = answer, number
    Citation.objects.bulk_create(draft.citations)
    question.answer = answer
