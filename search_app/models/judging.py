"""Judged queries: what a good search finds, said by people, imported, or told by clicks."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Document, Viewer

BEST_GRADE = 3


class FeedbackChoice(models.Model):
    """What a user lets searches keep. Without a row: nothing is kept or shared."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="feedback_choice",
        verbose_name=_("user"),
    )
    history = models.BooleanField(
        _("Keep what I search for"),
        default=False,
        help_text=_("To suggest it again to me alone."),
    )
    clicks = models.BooleanField(
        _("Keep which results I open"),
        default=False,
        help_text=_("With the query that found them, as a sign that they were right."),
    )
    shared = models.BooleanField(
        _("Let those who may edit a collection see my thumbs and clicks in it"),
        default=False,
        help_text=_("They see queries and documents, not who you are."),
    )

    class Meta:
        verbose_name = _("choice of what searches keep")
        verbose_name_plural = _("choices of what searches keep")

    def __str__(self) -> str:
        return str(self.user_id)


class JudgedQueryQuerySet(models.QuerySet["JudgedQuery"]):
    def visible_to(self, user: Viewer) -> Self:
        """One's own, in collections one may see; shared ones of those one may edit."""
        if not user.is_authenticated:
            return self.none()
        seen = Collection.objects.visible_to(user)
        edited = Collection.objects.editable_by(user)
        return self.filter(
            Q(owner_id=user.pk, collection__in=seen) | Q(shared=True, collection__in=edited)
        )

    def with_count(self) -> Self:
        """Each with `count`, the number of its judgements."""
        return self.annotate(count=Count("judgements"))


class JudgedQuery(models.Model):
    """A query and, in its judgements, which documents of the collection are right for it.

    `name` is its id in a file it came from, and made from the text otherwise: a user has one
    judged query of a name in a collection.
    """

    class Source(models.TextChoices):
        CLICK = "click", _("opened results")
        THUMBS = "thumbs", _("thumbs")
        TYPED = "typed", _("typed in")
        IMPORTED = "imported", _("imported")

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="judged_queries",
        verbose_name=_("collection"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="judged_queries",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("id"), max_length=200)
    text = models.TextField(_("query"))
    source = models.CharField(_("from"), max_length=10, choices=Source, default=Source.TYPED)
    shared = models.BooleanField(
        _("shared"),
        default=False,
        help_text=_("Seen by all who may edit the collection, and counted every night."),
    )
    accepted = models.BooleanField(
        _("accepted"),
        default=False,
        help_text=_("By someone who may edit the collection: a shared one of others counts then."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("changed"), auto_now=True)

    objects = JudgedQueryQuerySet.as_manager()

    class Meta:
        verbose_name = _("judged query")
        verbose_name_plural = _("judged queries")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "owner", "name"], name="judged_query_name_per_owner"
            )
        ]

    def __str__(self) -> str:
        return self.text


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def there(self) -> Self:
        """Those whose document the collection has: a deleted one is not named any more."""
        documents = Document.objects.filter(
            collection=OuterRef("query__collection"), external_id=OuterRef("external_id")
        )
        return self.filter(Exists(documents))


class Judgement(models.Model):
    """How right a document is for a query: 0 not at all, 3 best of all.

    The document is named by its id in the collection, so that it may be imported again.
    """

    query = models.ForeignKey(
        JudgedQuery,
        on_delete=models.CASCADE,
        related_name="judgements",
        verbose_name=_("judged query"),
    )
    external_id = models.CharField(_("id of the document"), max_length=500)
    grade = models.PositiveSmallIntegerField(_("grade"), validators=[MaxValueValidator(BEST_GRADE)])

    objects = JudgementQuerySet.as_manager()

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        ordering = ["query", "-grade", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["query", "external_id"], name="judged_once"),
            models.CheckConstraint(
                condition=Q(grade__lte=BEST_GRADE), name="judgement_grade_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.query_id}: {self.external_id} = {self.grade}"
