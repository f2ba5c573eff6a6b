"""Forms of the pages. They check form; `services` checks sense and raises `Rejected`."""

from copy import copy
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app import origins
from collections_app.format_names import format_name
from collections_app.lengths import problem_with_passages
from collections_app.model_choice import UsableModelField
from collections_app.models import ApiToken, Collection, Document, EmbeddingModel
from collections_app.pipeline.extract import FORMATS, TEXTS

if TYPE_CHECKING:  # Django's own class takes no parameters
    CollectionModelForm = forms.ModelForm[Collection]
    TokenModelForm = forms.ModelForm[ApiToken]
    ModelModelForm = forms.ModelForm[EmbeddingModel]
else:
    CollectionModelForm = TokenModelForm = ModelModelForm = forms.ModelForm


class CollectionForm(CollectionModelForm):
    embedding_model = UsableModelField(
        label=_("Embedding model"),
        required=False,
        help_text=_(
            "What makes the vectors. It can be changed later: the documents are then embedded anew."
        ),
    )

    class Meta:
        model = Collection
        fields = ["name", "description", "visibility", "language", "embedding_model", "split_code"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "visibility": _("Public collections can be read and searched by everyone."),
            "language": _("How keywords are found. It cannot be changed later."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["embedding_model"].initial = EmbeddingModel.objects.filter(
            is_default=True
        ).first()


class OriginsField(forms.CharField):
    """Origins of other sites, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = str(super().clean(value)).split()
        if len(lines) > origins.MOST:
            raise forms.ValidationError(_("At most %d sites can be named.") % origins.MOST)
        return list(dict.fromkeys(map(origins.cleaned, lines)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(data or "").split() != (initial or [])


class CollectionEditForm(CollectionModelForm):
    widget_origins = OriginsField(
        label=_("Sites that may show the related lists and the ask box"),
        required=False,
        max_length=10_000,
        help_text=_(
            "Of a public collection, one a line, such as https://www.example.org; empty for every "
            "site. What is public can be read by everyone all the same."
        ),
    )

    class Meta:
        model = Collection
        fields = [
            "name",
            "description",
            "visibility",
            "widget_origins",
            "split_code",
            "word_list",
            "passage_tokens",
            "passage_overlap",
        ]
        widgets = CollectionForm.Meta.widgets
        help_texts = {
            "passage_tokens": _(
                "In tokens, at most; empty for as many as the model reads. A new length splits "
                "all documents again, in the background."
            ),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        wanted = copy(self.instance)
        for name in {"passage_tokens", "passage_overlap"} & set(cleaned):
            setattr(wanted, name, cleaned[name])
        if message := problem_with_passages(
            wanted.embedding_model, wanted.passage_tokens, wanted.passage_overlap
        ):
            self.add_error(None, message)
        return cleaned

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        others = Collection.objects.filter(owner=self.instance.owner_id, name=name)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have another collection with this name."))
        return str(name)


class DeleteForm(forms.Form):
    """Deleting a collection asks for its name, so that no slip deletes thousands of texts."""

    name = forms.CharField(
        label=_("Type the collection's name to confirm"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collection = collection

    def clean_name(self) -> str:
        if self.cleaned_data["name"] != self.collection.name:
            raise forms.ValidationError(_("This is not the name of the collection."))
        return self.collection.name


TEXT_FORMATS = [
    ("text/markdown", _("Markdown")),
    ("text/plain", _("Plain text")),
    ("text/html", _("HTML")),
]


class TextForm(forms.Form):
    """Pasted text."""

    title = forms.CharField(label=_("Title"), max_length=500)
    text = forms.CharField(
        label=_("Text"),
        strip=False,
        max_length=settings.MAX_TEXT_CHARS,
        widget=forms.Textarea(attrs={"rows": 10}),
        error_messages={"required": _("There is no text to add. Paste some.")},
    )
    media_type = forms.ChoiceField(
        label=_("Format"),
        choices=TEXT_FORMATS,
    )


class ReadingForm(forms.Form):
    """How a document is to be read; or, without one, the documents of a collection that were
    set aside: what is left empty stays as it is with each."""

    as_format = forms.ChoiceField(
        label=_("Read as"),
        required=False,
        help_text=_("For content that is taken for something else than it is."),
    )
    as_encoding = forms.CharField(
        label=_("Encoding"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("For text with wrong letters in it, such as cp1252 or big5; empty: found out."),
    )
    passage_tokens = forms.IntegerField(
        label=_("Passage length"),
        required=False,
        min_value=1,
        help_text=_("In tokens, at most; empty: as the collection has it."),
    )
    passage_overlap = forms.IntegerField(
        label=_("Passage overlap"),
        required=False,
        min_value=0,
        help_text=_("In tokens, at most; empty: as the collection has it."),
    )

    def __init__(
        self, data: Any = None, *, document: Document | None = None, **initial: Any
    ) -> None:
        if document:
            initial |= {name: getattr(document, name) for name in ReadingForm.base_fields}
        super().__init__(data, initial=initial)
        came_as_text = document is not None and document.source_text is not None
        if came_as_text:
            del self.fields["as_encoding"]
        formats = TEXTS if came_as_text else FORMATS
        self.fields["as_format"].choices = [  # type: ignore[attr-defined]
            ("", _("what it is found to be") if document else _("as now")),
            *((one, format_name(one)) for one in formats),
        ]
        if document is None:
            for field in self.fields.values():
                field.help_text = _("Empty: as now.")

    def wanted(self, document: Document | None) -> dict[str, Any]:
        """The settings to try with."""
        if document:
            return dict(self.cleaned_data)
        given = self.cleaned_data.items()
        return {name: value for name, value in given if value not in ("", None)}


class DocumentForm(ReadingForm):
    """A document's title, and its text where it came as text and not as a file.

    `revision` says which state of the document the form was opened with.
    """

    title = forms.CharField(label=_("Title"), max_length=500, required=False)
    body = forms.CharField(
        label=_("Text"),
        strip=False,
        max_length=settings.MAX_TEXT_CHARS,
        widget=forms.Textarea(attrs={"rows": 18}),
    )
    metadata = forms.JSONField(
        label=_("Metadata"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_('A JSON object, such as {"author": "Ada"}.'),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ("title", "body", "metadata")

    def __init__(self, data: Any = None, *, document: Document) -> None:
        super().__init__(
            data,
            document=document,
            title=document.title,
            body=document.source_text,
            metadata=document.metadata,
            revision=document.revision,
        )
        if document.source_text is None:
            del self.fields["body"]

    def allow_overwriting(self, current: Document) -> None:
        """Say that `current` is newer than what was opened; the next try replaces it."""
        self.add_error(
            None,
            _(
                "The document was changed while you were editing it. Nothing is saved yet. "
                "Compare it with yours, which stands below; saving again replaces the other one."
            ),
        )
        self.data = dict(self.data.items()) | {"revision": str(current.revision)}

    def clean_metadata(self) -> dict[str, Any]:
        metadata = self.cleaned_data["metadata"] or {}
        if not isinstance(metadata, dict):
            raise forms.ValidationError(_("Metadata must be a JSON object: {…}."))
        return metadata


class TokenForm(TokenModelForm):
    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        help_texts = {"name": _("What will use it, such as: backup script.")}


class EmbeddingModelForm(ModelModelForm):
    """Loads nothing: what is changed here is tried by a worker."""

    class Meta:
        model = EmbeddingModel
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"query_prefix", "passage_prefix"} & set(self.fields):
            self.fields[name].strip = False  # type: ignore[attr-defined]  # "query: "
