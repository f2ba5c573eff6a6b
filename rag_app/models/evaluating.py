"""How good answers are: questions with what a right answer has, and runs over them."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Viewer
from search_app.models import Wish


class TestQuestionQuerySet(models.QuerySet["TestQuestion"]):
    __test__ = False  # pytest takes what begins with Test for tests

    def visible_to(self, user: Viewer) -> Self:
        """Those of collections that one may edit."""
        return self.filter(collection__in=Collection.objects.editable_by(user))


class TestQuestion(models.Model):
    """A question of a collection, the ids of the documents that answer it, and facts that an
    answer must have, each with `|` between ways to say it. Without documents the collection does
    not answer it. Documents are named by their ids, so that they may be imported again."""

    __test__ = False  # as above

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="test_questions",
        verbose_name=_("collection"),
    )
    text = models.TextField(_("question"))
    documents = ArrayField(
        models.CharField(max_length=500), verbose_name=_("documents"), default=list, blank=True
    )
    facts = ArrayField(models.TextField(), verbose_name=_("facts"), default=list, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("changed"), auto_now=True)

    objects = TestQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("test question")
        verbose_name_plural = _("test questions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint("collection", MD5("text"), name="test_question_once")
        ]

    def __str__(self) -> str:
        return self.text[:80]


class AnswerEvaluationQuerySet(models.QuerySet["AnswerEvaluation"]):
    def visible_to(self, user: Viewer) -> Self:
        """Those of collections that one may edit."""
        return self.filter(collection__in=Collection.objects.editable_by(user))


class AnswerEvaluation(Wish):
    """One run over a collection's test questions, answered by a chat model or by quotes.

    `figures` is as `rag_app.evaluation.report` writes it, with the settings that it ran under.
    """

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="answer_evaluations",
        verbose_name=_("collection"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="answer_evaluations",
        verbose_name=_("run by"),
    )
    chat = models.CharField(
        _("answered by"), max_length=200, help_text=_("A chat model, or “quotes” for none.")
    )
    done = models.PositiveIntegerField(_("questions done"), default=0)
    total = models.PositiveIntegerField(_("questions in all"), default=0)
    figures = models.JSONField(_("figures"), default=dict, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = AnswerEvaluationQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation of answers")
        verbose_name_plural = _("evaluations of answers")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["collection", "-id"], name="answer_evaluations_of")]

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.chat}"


class MeasuredAnswer(models.Model):
    """What came of one question in a run: `answer.measuring.Measured` in `measured`, but for the
    answer. That has words of documents, the `sources`: where one of them goes, it goes."""

    evaluation = models.ForeignKey(
        AnswerEvaluation, on_delete=models.CASCADE, related_name="answers"
    )
    question = models.ForeignKey(TestQuestion, on_delete=models.CASCADE, related_name="+")
    measured = models.JSONField(_("measured"))
    answer = models.TextField(_("answer"), blank=True)
    sources = ArrayField(models.BigIntegerField(), verbose_name=_("sources"), default=list)

    class Meta:
        verbose_name = _("measured answer")
        verbose_name_plural = _("measured answers")
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "question"], name="measured_once")
        ]
        indexes = [GinIndex(fields=["sources"], name="measured_by_source")]

    def __str__(self) -> str:
        return f"{self.evaluation_id}: {self.question_id}"
