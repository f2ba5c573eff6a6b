"""Thumbs beside hits, and addresses that tell what was opened, where one has chosen so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.template.context import Context
from django.urls import reverse

from collections_app.models import Document
from search_app.evaluation import feedback

register = template.Library()


@dataclass(frozen=True)
class Told:
    """What the reader has said of a page of hits. Nobody is asked who is not logged in."""

    user: User | None = None
    query: str = ""
    grades: dict[int, int] = field(default_factory=dict)
    keeps: bool = False


@register.simple_tag(takes_context=True)
def feedback_on(context: Context, hits: Iterable[Any], query: str) -> Told:
    """Two database queries for all the hits."""
    user = context["request"].user
    if not user.is_authenticated:
        return Told()
    grades = feedback.thumbs(user, query, [hit.document for hit in hits])
    return Told(user, query, grades, feedback.choice(user).clicks)


@register.simple_tag
def hit_address(told: Told | str, hit: Any) -> str:
    """Where a hit leads: by way of `opened` where the reader lets that be kept."""
    if not isinstance(told, Told) or not told.user or not told.keeps:
        return str(hit.passage.get_absolute_url())
    token = feedback.token(told.user, hit.passage.pk, told.query)
    return reverse("opened", query={"t": token})


@register.inclusion_tag("search_app/_thumbs.html", takes_context=True)
def thumbs(context: Context, told: Told | str, document: Document) -> dict[str, Any]:
    """Right or wrong? Nothing where nobody can be asked."""
    if not isinstance(told, Told) or not told.user:
        return {}
    request = context["request"]
    return {
        "document": document,
        "query": told.query,
        "thumb": told.grades.get(document.pk),
        "next": request.get_full_path(),
        "csrf_token": context.get("csrf_token"),
    }
