"""Why the embedding of a collection does not go on."""

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collections_app.models import Collection, Document
from collections_app.reasons import in_words
from collections_app.signals import embedding_stalled


def stall_cause(collection: Collection) -> str:
    """The cause in the reader's language, as far as it can be told from here."""
    answers = embedding_stalled.send_robust(sender=Collection)
    told = [answer for _receiver, answer in answers if answer and isinstance(answer, str)]
    waiting = Document.objects.filter(state=Document.State.QUEUED)
    mine = waiting.filter(collection=collection)
    return (
        next(iter(told), "")
        or _last_failure(mine.exclude(error="").values_list("error", flat=True).first())
        or _at_work(mine.filter(lease_until__gte=Now()).count())
        or _others_first(waiting.filter(_before(collection)).count())
        or _("The worker takes no documents. Its log may say why; start it again.")
    )


def _last_failure(error: str | None) -> str:
    return _("The last attempt failed: %(error)s") % {"error": in_words(error)} if error else ""


def _at_work(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "A worker is at %(count)d document and has not finished it yet.",
        "A worker is at %(count)d documents and has not finished any yet.",
        count,
    ) % {"count": count}


def _before(collection: Collection) -> Q:
    first = collection.documents.filter(state=Document.State.QUEUED).order_by("pk").values("pk")
    return Q(pk__lt=first[:1], collection__paused=False, collection__owner__isnull=False)


def _others_first(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(count)d document of another collection is before them in the queue.",
        "%(count)d documents of other collections are before them in the queue.",
        count,
    ) % {"count": count}
