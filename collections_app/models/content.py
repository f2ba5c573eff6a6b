"""Collections, stored files and documents."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app import origins
from collections_app.models.addresses import address
from collections_app.models.embedding import EmbeddingModel
from collections_app.pipeline import terms

if TYPE_CHECKING:
    from collections_app.models.passages import Passage

Viewer = AbstractBaseUser | AnonymousUser


def terms_version() -> int:
    """That of a new collection's keyword terms."""
    return terms.VERSION


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
    passage_tokens = models.PositiveIntegerField(
        _("passage length"),
        null=True,
        blank=True,
        help_text=_("In tokens, at most; empty for as many as the model reads."),
    )
    passage_overlap = models.PositiveIntegerField(
        _("passage overlap"),
        null=True,
        blank=True,
        help_text=_("In tokens, at most; empty for an eighth of the length."),
    )
    split_code = models.BooleanField(
        _("split code into functions and classes"),
        default=False,
        help_text=_(
            "Source files that are added become a document for each function, method and class. "
            "Files that are here already stay as they are until they are added again."
        ),
    )
    widget_origins = ArrayField(
        models.CharField(max_length=200, validators=[origins.validate]),
        verbose_name=_("sites that may show the related lists"),
        default=list,
        blank=True,
        size=origins.MOST,
    )
    word_list = models.BooleanField(
        _("its documents are words"),
        default=False,
        help_text=_("The page Words offers it: what is near to a word, sums and differences."),
    )
    paused = models.BooleanField(_("embedding paused"), default=False)
    # Behind `terms.VERSION`, some of its postings are of terms as they were told before.
    terms_version = models.PositiveSmallIntegerField(
        _("version of the keyword terms"), default=terms_version, editable=False
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

    def is_visible_to(self, user: Viewer) -> bool:
        """Whether `visible_to` would find it, without asking the database."""
        public = self.visibility == Collection.Visibility.PUBLIC
        return self.owner_id is not None and (public or self.is_editable_by(user))

    def is_editable_by(self, user: Viewer) -> bool:
        """Whether `editable_by` would find it, without asking the database."""
        return user.is_authenticated and self.owner_id == user.pk


class Blob(models.Model):
    """A stored file, named by the SHA-256 of its bytes; shared by equal uploads."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    # Of a picture, upright, once its copies have been made (`storage.COPIES`).
    width = models.PositiveIntegerField(_("width"), null=True)
    height = models.PositiveIntegerField(_("height"), null=True)
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
        db_index=False,  # `document_by_state` begins with it
        verbose_name=_("collection"),
    )
    external_id = models.CharField(_("id"), max_length=500)
    title = models.CharField(_("title"), max_length=500, blank=True)
    media_type = models.CharField(_("media type"), max_length=100, default="text/plain")
    # None, not "": nothing came as text, or `text` stands for it.
    body = models.TextField(_("text as given"), null=True, blank=True)  # noqa: DJ001
    blob = models.ForeignKey(
        Blob,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # `document_by_blob` has those with a file
        verbose_name=_("stored file"),
    )
    # How the content was read (media type, Python's name of the encoding), and how it is to
    # be read where that was found out wrongly; empty: by what it looks like.
    format = models.CharField(_("format"), max_length=100, blank=True)
    encoding = models.CharField(_("encoding"), max_length=60, blank=True)
    as_format = models.CharField(_("read as"), max_length=100, blank=True)
    as_encoding = models.CharField(_("read in the encoding"), max_length=60, blank=True)
    # Of its own; None: as the collection has it.
    passage_tokens = models.PositiveIntegerField(_("passage length"), null=True, blank=True)
    passage_overlap = models.PositiveIntegerField(_("passage overlap"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True)
    metadata = models.JSONField(_("metadata"), default=dict, blank=True)
    content_hash = models.CharField(_("content hash"), max_length=64)
    token_count = models.PositiveIntegerField(_("tokens"), default=0)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    # When it last reached each stage after "received" (created): ISO times by stage.
    stages = models.JSONField(_("stages"), default=dict, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    claim_token = models.UUIDField(_("claim token"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    error_stage = models.CharField(_("failed at"), max_length=20, blank=True)
    # Where in the source, as `Passage.place` has it, if that is known.
    error_place = models.JSONField(_("failed where"), default=dict, blank=True)

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
            models.Index(fields=["blob"], condition=Q(blob__isnull=False), name="document_by_blob"),
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
        return address("document", self.pk)

    @property
    def source_text(self) -> str | None:
        """The text as it was given, to be edited; None where a file came in.

        `body` is dropped once it is known to equal `text`.
        """
        if self.body is None and self.blob_id is None:
            return self.text
        return self.body

    def active_passages(self) -> models.QuerySet["Passage"]:
        """Those split for the model its collection is searched under."""
        return self.passages.filter(model=self.collection.embedding_model_id)
