"""Queries in SQL: those that are kept, and who ran what."""

import secrets
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.models import Viewer


def new_slug() -> str:
    """Not to be guessed: whoever has it may open a query with the visibility `link`."""
    return secrets.token_urlsafe(12).replace("_", "a").replace("-", "b")


class SavedQueryQuerySet(models.QuerySet["SavedQuery"]):
    def visible_to(self, user: Viewer) -> Self:
        """Those in the user's lists: their own, and public ones. None for visitors."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(owner_id=user.pk) | Q(visibility=SavedQuery.Visibility.PUBLIC))

    def reachable_by(self, user: Viewer) -> Self:
        """Those that the user may open by their address: the same, and those with a link."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(owner_id=user.pk) | ~Q(visibility=SavedQuery.Visibility.PRIVATE))

    def editable_by(self, user: Viewer) -> Self:
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


class SavedQuery(models.Model):
    """A query that is kept. Whoever opens it runs it over what they may see themselves."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("private: only you")
        LINK = "link", _("by its link: who is logged in and has it")
        PUBLIC = "public", _("public: listed for everyone who is logged in")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_queries"
    )
    slug = models.SlugField(_("link"), max_length=32, unique=True, default=new_slug)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    sql = models.TextField(_("SQL"))
    visibility = models.CharField(
        _("visibility"), max_length=10, choices=Visibility, default=Visibility.PRIVATE
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = SavedQueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved query")
        verbose_name_plural = _("saved queries")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("sql_saved", args=[self.slug])


class SqlRun(models.Model):
    """One run of a query: the audit, and, while it lasts, what the views let it see.

    The views compare `token` with the setting `embedsite.run` of the reading connection, and show
    rows of `collections` only: what `visible_to` told when it began.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sql_runs"
    )
    sql = models.TextField(_("SQL"))
    token = models.UUIDField(_("token"), unique=True, null=True)
    collections = ArrayField(models.BigIntegerField(), default=list)
    started = models.DateTimeField(_("started"), auto_now_add=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), null=True)
    rows = models.PositiveIntegerField(_("rows"), null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("run of a query")
        verbose_name_plural = _("runs of queries")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.sql[:80]
