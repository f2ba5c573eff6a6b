"""Questions, their answers, and the spans of documents that support them."""

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Document, Passage, Viewer


class ChatModel(models.Model):
    """A chat model that staff have set up, beside the one of the settings, if there is one."""

    class Backend(models.TextChoices):
        OPENAI_COMPATIBLE = "openai-compatible", _("OpenAI-compatible server")
        LLM_PLUGIN = "llm-plugin", _("plugin of llm")

    name = models.CharField(_("name"), max_length=200, unique=True)
    backend = models.CharField(_("backend"), max_length=40, choices=Backend)
    ref = models.CharField(_("model"), max_length=500)
    base_url = models.CharField(_("address of the server"), max_length=500, blank=True)
    secrets = models.TextField(_("secrets, encrypted"), blank=True, editable=False)
    context_tokens = models.PositiveIntegerField(_("tokens of a prompt"), default=3000)
    answer_tokens = models.PositiveIntegerField(_("tokens of an answer"), null=True, blank=True)
    tokens_per_day = models.PositiveBigIntegerField(_("tokens a day"), null=True, blank=True)
    price_in = models.DecimalField(
        _("price of a million tokens of prompts"), max_digits=12, decimal_places=6, default=0
    )
    price_out = models.DecimalField(
        _("price of a million tokens of answers"), max_digits=12, decimal_places=6, default=0
    )
    is_default = models.BooleanField(_("default"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("chat model")
        verbose_name_plural = _("chat models")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_chat_model"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PromptTemplate(models.Model):
    """What a collection's editors tell chat models in place of the site's own words; without a row,
    these are sent. `language.prompts` has the placeholders."""

    collection = models.OneToOneField(
        Collection, on_delete=models.CASCADE, related_name="+", verbose_name=_("collection")
    )
    system = models.TextField(_("system message"))
    message = models.TextField(_("message"))
    updated = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("prompt of a collection")
        verbose_name_plural = _("prompts of collections")

    def __str__(self) -> str:
        return str(self.collection_id)


class ChatUse(models.Model):
    """What a chat model was given and gave in one hour. Questions may be forgotten, this is not: it
    is what limits and sums are told by."""

    name = models.CharField(_("chat model"), max_length=200)
    hour = models.DateTimeField(_("hour"))
    answers = models.PositiveIntegerField(_("answers"), default=0)
    prompt_tokens = models.PositiveBigIntegerField(_("tokens of prompts"), default=0)
    answer_tokens = models.PositiveBigIntegerField(_("tokens of answers"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=16, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("use of a chat model")
        verbose_name_plural = _("uses of chat models")
        ordering = ["-hour", "name"]
        constraints = [
            models.UniqueConstraint(fields=["name", "hour"], name="chat_use_once_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.hour:%Y-%m-%d %H:00}"


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, user: Viewer, session_key: str | None = None) -> Self:
        """One's own questions; a visitor's are those of the visitor's session."""
        if user.is_authenticated:
            return self.filter(user_id=user.pk)
        return self.filter(user=None, session_key=session_key) if session_key else self.none()


class Question(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="questions",
        verbose_name=_("user"),
    )
    session_key = models.CharField(max_length=40, blank=True)
    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="questions",
        verbose_name=_("collection"),
        help_text=_("Empty: all collections the asker may see."),
    )
    among = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("collections"),
        default=list,
        blank=True,
        help_text=_("Their numbers, where several were asked, but not all."),
    )
    text = models.TextField(_("question"))
    conversation = models.UUIDField(
        _("conversation"), default=uuid.uuid4, db_index=True, editable=False
    )
    standalone = models.TextField(
        _("understood as"),
        blank=True,
        help_text=_("A follow-up question as it is looked for; empty where it is as it was asked."),
    )
    filters = ArrayField(
        models.CharField(max_length=1000), verbose_name=_("filters"), default=list, blank=True
    )
    # Spans that the asker wants in the context, or out of it: `answer.steering.Chosen`.
    pinned = models.JSONField(_("pinned passages"), default=list, blank=True, editable=False)
    dropped = models.JSONField(_("dropped passages"), default=list, blank=True, editable=False)
    shared = models.BooleanField(
        _("shared"),
        default=False,
        help_text=_("Whoever has its link may read it, as far as they may see its documents."),
    )
    shared_conversation = models.BooleanField(
        _("shared with what was asked before"),
        default=False,
        help_text=_("Its link shows the questions before it in its conversation, too."),
    )
    role = models.TextField(_("who the chat model is to be"), blank=True)
    chat = models.CharField(
        _("asked of"),
        max_length=200,
        blank=True,
        help_text=_("A chat model, or “quotes” for none; empty: the site's default."),
    )
    created = models.DateTimeField(_("asked"), auto_now_add=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.text[:80]

    def get_absolute_url(self) -> str:
        return reverse("question", args=[self.pk])

    @property
    def asker(self) -> Viewer:
        """Who asked: what they may see decides what an answer may use and show."""
        return self.user or AnonymousUser()

    @property
    def looked_for(self) -> str:
        """The question as it stands alone."""
        return self.standalone or self.text


class Answer(models.Model):
    """The answer to a question. Extractive answers keep no text of their own: they are
    their citations' quotes, so that deleting a document deletes its words here too."""

    class Kind(models.TextChoices):
        EXTRACTIVE = "extractive", _("quoted from the passages")
        CHAT = "chat", _("written by a chat model")
        NONE = "none", _("nothing relevant found")

    class State(models.TextChoices):
        PENDING = "pending", _("being written")
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("cut off")
        FAILED = "failed", _("failed")

    question = models.OneToOneField(Question, on_delete=models.CASCADE, related_name="answer")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    text = models.TextField(_("text"), blank=True)
    chat_model = models.CharField(_("chat model"), max_length=200, blank=True)
    error = models.TextField(_("error"), blank=True)
    # The same by its kind, for readers of other languages: `answer.problems`.
    problem = models.JSONField(default=dict, blank=True, editable=False)
    retry_at = models.DateTimeField(_("may be asked again at"), null=True, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("tokens of the prompt"), default=0)
    answer_tokens = models.PositiveIntegerField(_("tokens of the answer"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=6, default=0)
    # What was found for each sentence of a written answer, as `language.support.Check` has it.
    checks = models.JSONField(_("checked sentences"), default=list, blank=True, editable=False)
    # The mark around its passages in the prompt: with it a prompt can be shown as it was sent.
    marker = models.CharField(max_length=32, blank=True, editable=False)
    # The words of the collection's prompt when it was asked; empty: the site's own.
    template = models.JSONField(default=dict, blank=True, editable=False)
    # What became of each passage found: `answer.packing` writes and reads it.
    packing = models.JSONField(_("packing"), default=list, blank=True, editable=False)
    lease_until = models.DateTimeField(
        _("being written until"),
        null=True,
        blank=True,
        help_text=_("Renewed while a chat model writes; once it has passed, the writer is gone."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)

    # Its citations, where it was made in this moment: `answer.drafting.Draft` has them.
    drafted: list["Citation"]

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.question_id}"


class Citation(models.Model):
    """A span of a document, `document.text[start:end] == quote` when it was cited."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField(_("number"))
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="+")
    passage = models.ForeignKey(
        Passage, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    start = models.PositiveIntegerField(_("start"))
    end = models.PositiveIntegerField(_("end"))
    quote = models.TextField(_("quote"))
    content_hash = models.CharField(_("content hash"), max_length=64)
    score = models.FloatField(_("score"))
    # As `Passage.place` had it: the passage goes when its document is split anew.
    place = models.JSONField(_("place"), default=dict, blank=True)
    cited = models.BooleanField(
        _("cited"), default=True, help_text=_("No: a passage that was found but not cited.")
    )

    # What its score is made of, as search tells it, and whether the asker pinned it.
    why = models.JSONField(_("why it was found"), default=dict, blank=True, editable=False)
    pinned = models.BooleanField(_("pinned"), default=False)

    # Told by `answer.reading.visible_citations`, which reads them.
    moved: int | None
    url: str

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        ordering = ["answer", "number"]

    def __str__(self) -> str:
        return f"[{self.number}]"

    def get_absolute_url(self) -> str:
        """The document, opened at the quote."""
        return self.at_span(self.start, self.end)

    @property
    def key(self) -> str:
        """As `answer.steering.Chosen` has it."""
        return f"{self.document_id}-{self.start}-{self.end}"

    def at_span(self, start: int, end: int) -> str:
        """The document, opened at these of its characters."""
        url = reverse("document", args=[self.document_id])
        return f"{url}?start={start}&end={end}#mark"
