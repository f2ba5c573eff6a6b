"""Forms of the SQL page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from collections_app import services
from search_app.analysis.sql_text import MOST_CHARS, Statement
from search_app.looking_forms import ModelField
from search_app.models import SavedQuery

MOST_PARAMETER_CHARS = 20_000


class SqlForm(forms.Form):
    """A query, and a field for each of its parameters."""

    sql = forms.CharField(
        label=_("Query"),
        max_length=MOST_CHARS,
        widget=forms.Textarea(attrs={"rows": 10, "class": "sql", "spellcheck": "false"}),
        help_text=_("One SELECT. Each :name becomes a field; embed(:name) is its vector."),
    )

    def __init__(self, *args: Any, made: Statement | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parameters = made.parameters if made else []
        for name in self.parameters:
            embedded = made is not None and made.is_embedded(name)
            self.fields[name] = forms.CharField(
                label=name,
                required=False,
                strip=False,
                max_length=MOST_PARAMETER_CHARS,
                help_text=_("Embedded to a vector first.") if embedded else "",
            )
        if made and any(made.embedded):
            self.fields["model"] = ModelField(initial=services.default_model().pk)

    @property
    def values(self) -> dict[str, str]:
        """The parameters that were given, by name."""
        return {name: self.cleaned_data[name] for name in self.parameters if name in self.data}


class SaveForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = SavedQuery
        fields = ("name", "description", "visibility", "sql")
        widgets = {"description": forms.Textarea(attrs={"rows": 2}), "sql": forms.HiddenInput()}
