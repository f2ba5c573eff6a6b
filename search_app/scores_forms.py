"""Forms of axes and label sets."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.services import Rejected
from search_app import scores
from search_app.models import Axis, LabelSet

ONE_A_LINE = gettext_lazy("Texts, or documents of this collection as #12, one a line.")


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
        return scores.lines(self.cleaned_data["low_examples"])

    def clean_high_examples(self) -> list[str]:
        return scores.lines(self.cleaned_data["high_examples"])


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
            return scores.labelled(self.cleaned_data["examples"])
        except Rejected as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("source") == LabelSet.Source.FIELD and not values.get("field"):
            self.add_error("field", _("Say which field of the metadata."))
        return values


class MarginForm(forms.ModelForm):  # type: ignore[type-arg]
    margin = LabelSetForm.base_fields["margin"]

    class Meta:
        model = LabelSet
        fields = ("margin", "on_arrival")
