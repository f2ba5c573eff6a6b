"""Documents that an answer cannot know yet, because they wait to be embedded."""

from collections_app.models import Document
from rag_app.models import Answer, Question

MOST = 100_000  # that are counted


def waiting(question: Question) -> int:
    """How many there are in what was asked, as far as its asker may see them, where no document
    is about the question; else 0: what was found answers it."""
    if question.answer.kind != Answer.Kind.NONE:
        return 0
    rows = Document.objects.visible_to(question.asker).filter(state=Document.State.QUEUED)
    homes = [question.collection_id] if question.collection_id else question.among
    if homes:
        rows = rows.filter(collection__in=homes)
    return rows[:MOST].count()
