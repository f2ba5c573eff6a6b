"""The form of the rows wizard: how the file is read, and which columns make a document."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.forms import TEXT_FORMATS
from collections_app.pipeline import rows
from collections_app.pipeline.extracted import PLAIN

KINDS = [("csv", "CSV"), ("tsv", "TSV"), ("json", "JSON"), ("ndjson", "NDJSON")]
DELIMITERS = [
    (",", gettext_lazy("comma ,")),
    (";", gettext_lazy("semicolon ;")),
    ("\t", gettext_lazy("tab")),
    ("|", gettext_lazy("bar |")),
]
ENCODINGS = ["utf-8", "utf-16", "windows-1252", "iso-8859-1", "big5", "gb18030", "shift_jis"]
TYPES = [
    ("", gettext_lazy("leave out")),
    ("text", gettext_lazy("text")),
    ("number", gettext_lazy("number")),
    ("date", gettext_lazy("date")),
]
NUMBERED = "#"  # no column can be chosen with it: columns are chosen by their place


class RowsFileForm(forms.Form):
    """A file of rows."""

    file = forms.FileField(
        label=gettext_lazy("File of rows"),
        help_text=gettext_lazy("CSV, TSV, JSON or NDJSON. Nothing goes in before you say so."),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.tab,.json,.jsonl,.ndjson"}),
    )


class FormatForm(forms.Form):
    """How the file is read; begins with what was detected."""

    kind = forms.ChoiceField(label=gettext_lazy("Format"), choices=KINDS)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"))
    delimiter = forms.ChoiceField(label=gettext_lazy("Delimiter"), choices=DELIMITERS)
    header = forms.BooleanField(label=gettext_lazy("First row names the columns"), required=False)

    def __init__(self, data: Any, found: rows.RowFormat) -> None:
        self.found = found
        super().__init__(data, initial=found.as_options())
        encodings = dict.fromkeys([found.encoding, *ENCODINGS])
        self.fields["encoding"].choices = [(one, one) for one in encodings]  # type: ignore[attr-defined]

    def chosen(self) -> rows.RowFormat:
        """The format chosen; what is detected where nothing was sent."""
        if not self.is_bound or not self.is_valid():
            return self.found
        values = self.cleaned_data
        kind = values["kind"]
        return rows.RowFormat(
            kind,
            values["encoding"],
            "\t" if kind == "tsv" else values["delimiter"],
            header=values["header"],
            spaced=self.found.spaced,
            key=self.found.key if kind == self.found.kind else "",
        )


class PlanForm(forms.Form):
    """Which column is what. Columns are told by their place: their names may be anything."""

    id_column = forms.ChoiceField(label=gettext_lazy("Id"))
    title_column = forms.ChoiceField(label=gettext_lazy("Title"), required=False)
    text_columns = forms.MultipleChoiceField(
        label=gettext_lazy("Text"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("What is searched by meaning; several are joined."),
    )
    media_type = forms.ChoiceField(
        label=gettext_lazy("Format of the text"),
        choices=TEXT_FORMATS,
        initial=PLAIN,
        required=False,
    )
    before = forms.CharField(
        label=gettext_lazy("Put before each id"),
        max_length=100,
        required=False,
    )

    def __init__(self, data: Any, names: list[str], plan: rows.Plan) -> None:
        self.names = names
        self.plan = plan
        super().__init__(data)
        columns = [(str(place), name) for place, name in enumerate(names)]
        self._offer("id_column", [*columns, (NUMBERED, _("the number of the row"))])
        self._offer("title_column", [("", _("none")), *columns])
        self._offer("text_columns", columns)
        for place, name in enumerate(names):
            self.fields[f"type_{place}"] = forms.ChoiceField(
                label=name, choices=TYPES, required=False, initial=plan.metadata_columns.get(name)
            )
        self.fields["id_column"].initial = self._place(plan.id_column)
        self.fields["title_column"].initial = self._place(plan.title_column)
        self.fields["text_columns"].initial = [self._place(n) for n in plan.text_columns or ()]

    @property
    def types(self) -> list[forms.BoundField]:
        return [self[f"type_{place}"] for place in range(len(self.names))]

    def chosen(self) -> rows.Plan:
        """The plan of a valid form."""
        values = self.cleaned_data
        numbered = values["id_column"] == NUMBERED
        return rows.Plan(
            None if numbered else self._name(values["id_column"]),
            title_column=self._name(values["title_column"]) or "",
            text_columns=tuple(self.names[int(place)] for place in values["text_columns"]),
            metadata_columns={
                name: values[f"type_{place}"]
                for place, name in enumerate(self.names)
                if values[f"type_{place}"]
            },
            prefix=values["before"],
            numbered=numbered,
        )

    def media_type_chosen(self) -> str:
        """Of a valid form."""
        return self.cleaned_data["media_type"] or PLAIN

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not values.get("text_columns") and not values.get("title_column"):
            raise forms.ValidationError(_("Choose at least one column for the text."))
        return values

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _name(self, place: str) -> str | None:
        return self.names[int(place)] if place else None

    def _place(self, name: str | None) -> str:
        return str(self.names.index(name)) if name in self.names else ""
