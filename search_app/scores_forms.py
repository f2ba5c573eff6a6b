"""Forms of axes and label sets."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.services import Rejected
from search_app import label_lines
from search_app.models import Axis, LabelSet

ONE_A_LINE = gettext_lazy("Texts, or documents of this collection as #12, one a line.")


MOST_BYTES = 1_000_000


def _examples(label: Any, help_text: Any = ONE_A_LINE, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 6})
    return forms.CharField(
        label=label, widget=widget, help_text=help_text, required=required, max_length=200_000
    )


class AxisForm(forms.ModelForm):  # type: ignore[type-arg]
    low_examples = _examples(gettext_lazy("Examples of the one"))
    high_examples = _examples(gettext_lazy("Examples of the other"))

    class Meta:
        model = Axis
        fields = ("name", "low_name", "low_examples", "high_name", "high_examples")

    def clean_low_examples(self) -> list[str]:
        return label_lines.lines(self.cleaned_data["low_examples"])

    def clean_high_examples(self) -> list[str]:
        return label_lines.lines(self.cleaned_data["high_examples"])


class LabelSetForm(forms.ModelForm):  # type: ignore[type-arg]
    margin = forms.FloatField(
        label=gettext_lazy("Margin"),
        min_value=0,
        max_value=2,
        initial=0.02,
        help_text=gettext_lazy(
            "By how much the nearest label must be nearer than the second, in cosine."
        ),
    )
    examples = _examples(
        gettext_lazy("Examples"),
        gettext_lazy("A line each: label: a text, or label: #12. Left empty for the other ways."),
        required=False,
    )

    class Meta:
        model = LabelSet
        fields = ("name", "source", "field", "examples", "margin", "on_arrival")

    def clean_examples(self) -> dict[str, list[str]]:
        try:
            return label_lines.labelled(self.cleaned_data["examples"])
        except Rejected as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("source") == LabelSet.Source.FIELD and not values.get("field"):
            self.add_error("field", _("Say which field of the metadata."))
        return values


class TaxonomyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Labels with descriptions, written into the form or in a file."""

    margin = LabelSetForm.base_fields["margin"]
    examples = _examples(
        gettext_lazy("Labels"),
        gettext_lazy("A line each: label: description. CSV and JSON are understood too."),
        required=False,
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file of them"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Lines, CSV with the columns label and description, or JSON."),
    )

    class Meta:
        model = LabelSet
        fields = ("name", "examples", "file", "margin", "on_arrival")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        upload = values.pop("file", None)
        text = self._read(upload) if upload else values.get("examples", "")
        if "examples" in values and not self.errors:
            try:
                values["examples"] = label_lines.labelled(text)
            except Rejected as error:
                raise forms.ValidationError(str(error)) from error
        return values | {"source": LabelSet.Source.DESCRIPTIONS}

    def _read(self, upload: Any) -> str:
        if (upload.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("A file of labels has at most 1 MB."))
        try:
            return str(upload.read(), "utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is not in UTF-8. Save it so.")) from error


class MarginForm(forms.ModelForm):  # type: ignore[type-arg]
    margin = LabelSetForm.base_fields["margin"]

    class Meta:
        model = LabelSet
        fields = ("margin", "on_arrival")
