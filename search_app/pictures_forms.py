"""Forms of the pages about pictures."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app.models import EmbeddingModel
from search_app.looking_forms import text_field

ACCEPTED = "image/png,image/jpeg,image/gif,image/webp,image/tiff,image/bmp"


class PictureField(forms.FileField):
    """A picture; what is in it is looked at later, in the sandbox."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.FileInput(attrs={"accept": ACCEPTED}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> bytes | None:
        file = super().clean(data, initial)
        if not file:
            return None
        if file.size > settings.MAX_UPLOAD_BYTES:
            raise forms.ValidationError(_("The picture is too large. Make it smaller."))
        content: bytes = file.read()
        return content


class AskedPictureForm(forms.Form):
    """`camera` is filled in by phones."""

    picture = PictureField(label=_("Picture"), required=False)
    camera = PictureField(label=_("Take a photo"), required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["content"] = values.get("picture") or values.get("camera")
        if not values["content"] and not self.errors:
            raise forms.ValidationError(_("There is no picture. Choose one."))
        return values


class PhrasesForm(forms.Form):
    """A picture, uploaded or a document's, and phrases, one a line."""

    picture = PictureField(label=_("Picture"), required=False)
    document = forms.IntegerField(required=False, widget=forms.HiddenInput)
    phrases = text_field(_("Phrases"), rows=6, help_text=_("One on each line."))
    model = forms.ModelChoiceField(
        EmbeddingModel.objects.none(), label=_("Embedding model"), required=False, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = EmbeddingModel.objects.usable().taking_pictures()
        field = self.fields["model"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = models
        if len(models) < 2:
            field.widget = forms.HiddenInput()
        self.only = models[0] if models else None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("picture") and not values.get("document") and not self.errors:
            self.add_error("picture", _("There is no picture. Choose one."))
        values["model"] = values.get("model") or self.only
        return values
