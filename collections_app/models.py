"""Content and its vectors: collections, documents, passages, models, tokens."""

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from pgvector.django import VectorField

Viewer = AbstractBaseUser | AnonymousUser


class EmbeddingModel(models.Model):
    """A model that turns text into vectors of `dimension` numbers."""

    class Backend(models.TextChoices):
        SENTENCE_TRANSFORMERS = "sentence-transformers", "sentence-transformers"
        FAKE = "fake", _("hashed words (tests and dry runs)")

    name = models.CharField(_("name"), max_length=200, unique=True)
    backend = models.CharField(_("backend"), max_length=40, choices=Backend)
    ref = models.CharField(
        _("model id or folder"),
        max_length=500,
        help_text=_("A folder, a hub name, or package:NAME for a model shipped as a wheel."),
    )
    dimension = models.PositiveIntegerField(_("dimension"))
    token_limit = models.PositiveIntegerField(_("token limit"), default=256)
    query_prefix = models.CharField(_("query prefix"), max_length=200, blank=True)
    passage_prefix = models.CharField(_("passage prefix"), max_length=200, blank=True)
    normalised = models.BooleanField(_("normalised"), default=True)
    price_per_million_tokens = models.DecimalField(
        _("price per million tokens"), max_digits=12, decimal_places=6, default=0
    )
    is_default = models.BooleanField(_("default"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("embedding model")
        verbose_name_plural = _("embedding models")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_model"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, user: Viewer) -> Self:
        """Public collections, and the user's own: where every read begins."""
        if not user.is_authenticated:
            return self.filter(visibility=Collection.Visibility.PUBLIC)
        return self.filter(Q(visibility=Collection.Visibility.PUBLIC) | Q(owner_id=user.pk))

    def with_size(self) -> Self:
        """Each with `size`, its number of documents, counted for the rows that are read."""
        documents = Document.objects.filter(collection=OuterRef("pk")).order_by()
        count = documents.values("collection").annotate(n=Count("pk")).values("n")
        return self.annotate(size=Coalesce(Subquery(count), 0))

    def editable_by(self, user: Viewer) -> Self:
        """Collections the user may change: the user's own."""
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


AnyCollectionManager = models.Manager.from_queryset(CollectionQuerySet)


class CollectionManager(AnyCollectionManager["Collection"]):
    """Leaves out collections that have been deleted and are being purged."""

    def get_queryset(self) -> CollectionQuerySet:
        return CollectionQuerySet(self.model, using=self._db).exclude(owner=None)


class Collection(models.Model):
    """A pile of content under one embedding model.

    One without an owner has been deleted: `objects` leaves it out, `purge` removes its rows.
    """

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("private: only you")
        PUBLIC = "public", _("public: everyone")

    class Language(models.TextChoices):
        ENGLISH = "english", _("English")
        CHINESE = "chinese", _("Chinese")
        GERMAN = "german", _("German")
        FRENCH = "french", _("French")
        SPANISH = "spanish", _("Spanish")
        SIMPLE = "simple", _("other: words as they stand")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="collections",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    visibility = models.CharField(
        _("visibility"), max_length=10, choices=Visibility, default=Visibility.PRIVATE
    )
    language = models.CharField(
        _("language"), max_length=20, choices=Language, default=Language.ENGLISH
    )
    embedding_model = models.ForeignKey(
        EmbeddingModel,
        on_delete=models.PROTECT,
        related_name="collections",
        verbose_name=_("embedding model"),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = CollectionManager()

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="collection_name_per_owner")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("collection", args=[self.pk])

    def is_editable_by(self, user: Viewer) -> bool:
        """Whether `editable_by` would find it, without asking the database."""
        return user.is_authenticated and self.owner_id == user.pk


class Blob(models.Model):
    """A stored file, named by the SHA-256 of its bytes; shared by equal uploads."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")

    def __str__(self) -> str:
        return self.sha256


def long_columns(*relations: str) -> list[str]:
    """For `defer`: the columns of documents, or of documents that rows are related to by these
    names, that a list does not show and that may hold megabytes."""
    columns = ("text", "body", "metadata")
    return [f"{name}__{column}" for name in relations for column in columns] or list(columns)


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: Viewer) -> Self:
        return self.filter(collection__in=Collection.objects.visible_to(user))

    def editable_by(self, user: Viewer) -> Self:
        return self.filter(collection__in=Collection.objects.editable_by(user))


class Document(models.Model):
    """One item of content and its place in the queue of record.

    `body` or `blob` holds what came in; `text` what was extracted from it and what
    passages point into. A worker holds the row while `lease_until` is in the future;
    its commit counts only while `claim_token` is still its own.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        READY = "ready", _("ready")
        SET_ASIDE = "set_aside", _("set aside")

    collection = models.ForeignKey(
        Collection,
        on_delete=models.CASCADE,
        related_name="documents",
        verbose_name=_("collection"),
    )
    external_id = models.CharField(_("id"), max_length=500)
    title = models.CharField(_("title"), max_length=500, blank=True)
    media_type = models.CharField(_("media type"), max_length=100, default="text/plain")
    # None, not "": nothing came as text, or `text` stands for it.
    body = models.TextField(_("text as given"), null=True, blank=True)  # noqa: DJ001
    blob = models.ForeignKey(
        Blob, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("stored file")
    )
    text = models.TextField(_("text"), blank=True)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    content_hash = models.CharField(_("content hash"), max_length=64, db_index=True)
    token_count = models.PositiveIntegerField(_("tokens"), default=0)
    revision = models.PositiveIntegerField(_("revision"), default=1)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    error_stage = models.CharField(_("failed at"), max_length=20, blank=True)

    created = models.DateTimeField(_("added"), auto_now_add=True)
    updated = models.DateTimeField(_("changed"), auto_now=True)
    ready_at = models.DateTimeField(_("ready since"), null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "external_id"], name="document_id_per_collection"
            )
        ]
        indexes = [
            models.Index(fields=["collection", "state", "id"], name="document_by_state"),
            models.Index(
                fields=["collection", "-ready_at"],
                condition=Q(ready_at__isnull=False),
                name="document_by_ready_at",
            ),
            models.Index(
                fields=["not_before", "id"], condition=Q(state="queued"), name="document_queue"
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.external_id

    def get_absolute_url(self) -> str:
        return reverse("document", args=[self.pk])

    @property
    def source_text(self) -> str | None:
        """The text as it was given, to be edited; None where a file came in.

        `body` is dropped once it is known to equal `text`.
        """
        if self.body is None and self.blob_id is None:
            return self.text
        return self.body


class Passage(models.Model):
    """A span of a document: `text == document.text[start:end]`, in characters."""

    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="passages", verbose_name=_("document")
    )
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="+", verbose_name=_("collection")
    )
    ordinal = models.PositiveIntegerField(_("ordinal"))
    heading = models.CharField(_("heading path"), max_length=1000, blank=True)
    text = models.TextField(_("text"))
    start = models.PositiveIntegerField(_("start"))
    end = models.PositiveIntegerField(_("end"))
    token_count = models.PositiveIntegerField(_("tokens"))
    term_count = models.PositiveIntegerField(_("keyword terms"), default=0)
    content_hash = models.CharField(_("content hash"), max_length=64)

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["document", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["document", "ordinal"], name="passage_ordinal")
        ]
        indexes = [
            models.Index(fields=["collection"], include=["term_count"], name="passage_lengths")
        ]

    def __str__(self) -> str:
        return f"{self.document_id}#{self.ordinal}"

    def get_absolute_url(self) -> str:
        return f"{reverse('document', args=[self.document_id])}?p={self.ordinal}#p{self.ordinal}"


class Vector(models.Model):
    """The vector of a passage under a model.

    The encoder runs once per (content hash, model); equal passages copy its result,
    so that each row can carry its collection for the partial HNSW indexes (ADR 1).
    """

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="vectors")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(EmbeddingModel, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(_("content hash"), max_length=64)
    embedding = VectorField(_("embedding"))

    class Meta:
        verbose_name = _("vector")
        verbose_name_plural = _("vectors")
        constraints = [models.UniqueConstraint(fields=["passage", "model"], name="one_vector")]
        indexes = [
            models.Index(fields=["content_hash", "model"], name="vector_by_hash"),
            models.Index(fields=["collection", "model"], name="vector_by_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.passage_id} ({self.model_id})"


class Posting(models.Model):
    """How often a keyword term stands in a passage: what BM25 reads."""

    pk = models.CompositePrimaryKey("collection", "term", "passage")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    term = models.CharField(_("term"), max_length=100)
    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="+")
    frequency = models.PositiveSmallIntegerField(_("frequency"))

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")

    def __str__(self) -> str:
        return f"{self.term}: {self.passage_id}"


class ApiToken(models.Model):
    """A key for the REST API. Only its SHA-256 is stored; the key is shown once."""

    class Scope(models.TextChoices):
        READ = "read", _("read only")
        WRITE = "write", _("read and write")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="api_tokens",
        verbose_name=_("user"),
    )
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    scope = models.CharField(_("scope"), max_length=10, choices=Scope, default=Scope.WRITE)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    last_used = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def hash(key: str) -> str:
        """SHA-256 in hex; the key has 256 bits of randomness, so no salt is needed."""
        return hashlib.sha256(key.encode()).hexdigest()

    @staticmethod
    def new_key() -> str:
        return "es_" + secrets.token_urlsafe(32)
