"""Forms of the pages that show and compare vectors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from collections_app import services
from collections_app.models import EmbeddingModel
from search_app.looking import MAX_CHARS


class ModelField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A usable model; the site's default where none is chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            EmbeddingModel.objects.usable(),
            label=_("Embedding model"),
            required=False,
            empty_label=None,
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        return super().clean(value) or services.default_model()


def text_field(label: Any, rows: int = 4, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=MAX_CHARS, widget=widget, help_text=help_text)


class EmbedForm(forms.Form):
    KINDS = [("passage", _("as content is")), ("query", _("as a search is"))]

    text = text_field(_("Text"))
    model = ModelField()
    kind = forms.ChoiceField(
        label=_("Embedded"),
        choices=KINDS,
        required=False,
        help_text=_("Some models want what is searched for announced otherwise than content."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].initial = services.default_model()


class CompareForm(forms.Form):
    a = text_field(_("One"), help_text=_("A text, or a document: #12, or its address."))
    b = text_field(_("Other"), help_text=_("A text, or a document: #12, or its address."))
    model = ModelField(help_text=_("For two texts. Documents are compared under their own."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].initial = services.default_model()
