"""Filters of search as fields of a form: kind of file, language, dates, source, metadata."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection
from search_app.analysis.query import Field, condition
from search_app.asking import no_filter

TYPES = [
    ("", _("any")),
    ("markdown", "Markdown"),
    ("text", _("plain text")),
    ("pdf", "PDF"),
    ("html", "HTML"),
    ("word", "Word"),
    ("email", _("e-mail")),
    ("code", _("source code")),
    ("image", _("pictures")),
]


class FilterForm(forms.Form):
    """`FilterForm(initial=shown(filters))`; `filters()` gives them back, as search takes them."""

    type = forms.ChoiceField(label=_("Type"), choices=TYPES, required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("any")), *Collection.Language.choices], required=False
    )
    added_from = forms.DateField(
        label=_("Added from"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    added_to = forms.DateField(
        label=_("Added up to"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    source = forms.CharField(
        label=_("Source"), max_length=300, required=False, help_text=_("Its name or number.")
    )
    filter = forms.CharField(
        label=_("Metadata"),
        max_length=5000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Filters as in search, one a line: author:ada, year:2020..2024, -kind:draft."),
    )

    def clean_filter(self) -> str:
        """Told here what is no filter; whether there is such a field, only a search can tell."""
        written: str = self.cleaned_data["filter"]
        for line in written.splitlines():
            if line.strip() and condition(line) is None:
                raise forms.ValidationError(no_filter(line))
        return written

    def filters(self) -> list[str]:
        """What was filled in, as `search` takes filters; the form must be valid."""
        given = self.cleaned_data
        low, high = (
            given[name].isoformat() if given[name] else "" for name in ("added_from", "added_to")
        )
        fields = [
            Field(name, "is", given[name].strip())
            for name in ("type", "language", "source")
            if given[name].strip()
        ]
        if low or high:
            fields.append(Field("added", "range", low=low, high=high))
        written = [one.written for one in fields]
        return written + [line.strip() for line in given["filter"].splitlines() if line.strip()]


def shown(filters: Sequence[str]) -> dict[str, Any]:
    """The initial values of the form for these filters; what has no field of its own stands in
    the lines."""
    initial: dict[str, Any] = {}
    lines: list[str] = []
    types = {value for value, _label in TYPES}
    for written in filters:
        one = condition(written)
        if one is None or one.negated or one.name in initial:
            lines.append(written)
        elif one.name == "type" and one.operation == "is" and one.value in types:
            initial["type"] = one.value
        elif one.name in ("language", "source") and one.operation == "is":
            initial[one.name] = one.value
        elif one.name == "added" and one.operation == "range" and not one.open:
            initial |= {"added": True, "added_from": one.low, "added_to": one.high}
        else:
            lines.append(written)
    return initial | {"filter": "\n".join(lines)}
