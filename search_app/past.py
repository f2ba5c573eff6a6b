"""What a user searched for, kept where the user wants it, to suggest it again."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.utils import timezone

from collections_app.models import Viewer
from search_app.evaluation.feedback import choice
from search_app.models import PastSearch

MOST_KEPT = 200  # of one user; those searched for least lately go
MOST_CHARS: int = PastSearch._meta.get_field("text").max_length or 0


def of(user: Viewer) -> QuerySet[PastSearch]:
    """The user's own, the last one first; a visitor has none."""
    if not user.is_authenticated:
        return PastSearch.objects.none()
    return PastSearch.objects.filter(user=user.pk).order_by("-last", "-pk")


def remember(user: Viewer, text: str) -> None:
    """Count a search, if the user has chosen so. One that is long is not kept."""
    text = one_line(text)
    if not text or len(text) > MOST_CHARS or not choice(user).history:
        return
    counted = of(user).filter(text=text).update(times=F("times") + 1, last=timezone.now())
    if counted:
        return
    owner: Any = user
    PastSearch.objects.get_or_create(user=owner, text=text)
    oldest = list(of(user).values_list("pk", flat=True)[MOST_KEPT:])
    if oldest:
        PastSearch.objects.filter(pk__in=oldest).delete()


def forget(user: User) -> int:
    """Delete all of the user's; how many there were."""
    count, _by_model = of(user).delete()
    return count


def matching(user: Viewer, text: str, limit: int) -> list[str]:
    """Those that begin with the text, then those that have it inside; the last one first."""
    rows = of(user).filter(text__icontains=text) if text else of(user)
    found = list(rows.values_list("text", flat=True))
    found.sort(key=lambda one: not one.casefold().startswith(text.casefold()))
    different: dict[str, str] = {}
    for one in found:
        different.setdefault(one.casefold(), one)
    return list(different.values())[:limit]


def one_line(text: str) -> str:
    return " ".join(text.split())
