"""Fields for the columns of a query's answer, which nobody has seen yet: their names, written."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.pipeline import rows

TYPES = ("text", "number", "date")
NAMES = ("id_column", "title_column", "text_columns", "metadata_columns")


class NamesField(forms.CharField):
    """Names with commas between them, as a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        return [word.strip() for word in super().clean(value).split(",") if word.strip()]


class TypedNamesField(forms.CharField):
    """`price: number, since: date, colour` as {name: type}; text where no type is written."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return ", ".join(
            name if kind == "text" else f"{name}: {kind}" for name, kind in value.items()
        )

    def clean(self, value: Any) -> Any:
        found = {}
        for word in filter(str.strip, super().clean(value).split(",")):
            name, _colon, kind = (part.strip() for part in word.partition(":"))
            if not name or (kind or "text") not in TYPES:
                raise forms.ValidationError(
                    _("Write each column as “name” or “name: type”; types are text, number, date.")
                )
            found[name] = kind or "text"
        return found


def column_fields() -> dict[str, forms.Field]:
    """By the names that they have in a plan. All may stay empty: then the first rows tell."""
    return {
        "id_column": forms.CharField(
            label=gettext_lazy("Column of the id"),
            required=False,
            help_text=gettext_lazy("All columns empty: the first rows tell which is what."),
        ),
        "title_column": forms.CharField(label=gettext_lazy("Column of the title"), required=False),
        "text_columns": NamesField(
            label=gettext_lazy("Columns of the text"),
            required=False,
            help_text=gettext_lazy("With commas between several; they are joined."),
        ),
        "metadata_columns": TypedNamesField(
            label=gettext_lazy("Columns to keep as metadata"),
            required=False,
            help_text=gettext_lazy("With a type where it is no text: price: number, since: date."),
        ),
    }


def plan_of(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The plan that the fields say, what has no field as it was; empty where none is filled."""
    if not any(values[name] for name in NAMES):
        return {}
    chosen = {
        "id_column": values["id_column"] or None,
        "title_column": values["title_column"],
        "text_columns": values["text_columns"] or None,
        "metadata_columns": values["metadata_columns"],
    }
    return rows.Plan.of({**before, **chosen}).as_options()
