"""Forms of the pages about quality."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from search_app.evaluation.searching import SETTINGS
from search_app.models import Evaluation
from search_app.quality import MOST_SECONDS

NAMED = [
    ("current", _("weights in force")),
    ("defaults", _("the site's own weights")),
    ("meaning-only", _("meaning only")),
    ("keywords-only", _("keywords only")),
]
MOST_FILE = 20 * 1024 * 1024


def named() -> list[tuple[str, Any]]:
    """Settings that one can choose by name."""
    without = [("without-reranker", _("without the reranker"))]
    return NAMED + without if settings.RERANKER else NAMED


class SettingField(forms.ChoiceField):
    """A setting by name; cleaned to its changes to the weights in force."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=named, **options)

    def clean(self, value: Any) -> Any:
        return SETTINGS[super().clean(value)]


class WeightsField(forms.JSONField):
    """Weights as JSON; none are an empty field."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class RunForm(forms.Form):
    """Run the judged queries as searches are now."""

    kind = forms.CharField(widget=forms.HiddenInput, initial=Evaluation.Kind.MANUAL)

    def wanted(self) -> dict[str, Any]:
        """What to ask `quality.request` for."""
        return {}


class CompareForm(RunForm):
    """Two settings side by side."""

    first = SettingField(label=_("The one"), initial="keywords-only")
    second = SettingField(label=_("The other"), initial="current")
    changes = WeightsField(
        label=_("Or other weights"),
        required=False,
        help_text=_(
            'Changes to the weights in force, such as {"keywords": 0.1}. They then stand '
            "for the other."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": _('This is no JSON object. Such as: {"keywords": 0.1}')},
    )

    def clean_changes(self) -> Any:
        changes = self.cleaned_data["changes"]
        if changes is not None and not isinstance(changes, dict):
            raise forms.ValidationError(_('This is no JSON object. Such as: {"keywords": 0.1}'))
        return changes

    def wanted(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {"weights": values["first"], "other": values["changes"] or values["second"]}


class TuneForm(RunForm):
    """Look for better weights."""

    seconds = forms.IntegerField(
        label=_("For at most, in seconds"),
        min_value=10,
        max_value=MOST_SECONDS,
        initial=300,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def wanted(self) -> dict[str, Any]:
        return {"seconds": self.cleaned_data["seconds"]}


FORMS: dict[str, type[RunForm]] = {
    Evaluation.Kind.MANUAL: RunForm,
    Evaluation.Kind.COMPARISON: CompareForm,
    Evaluation.Kind.TUNING: TuneForm,
}


class FilesForm(forms.Form):
    """Queries and judgements in files."""

    queries = forms.FileField(
        label=_("Queries"),
        required=False,
        help_text=_(
            "queries.jsonl, TREC topics, or lines of id, tab and text. Leave it empty "
            "where the queries are here already."
        ),
    )
    qrels = forms.FileField(
        label=_("Judgements"),
        help_text=_("Query, document and grade between tabs (BEIR), or TREC's four columns."),
    )
    shared = forms.BooleanField(
        label=_("For all who may edit the collection"), required=False, initial=True
    )

    def clean(self) -> dict[str, Any]:
        for name in ("queries", "qrels"):
            file = self.cleaned_data.get(name)
            if file and file.size > MOST_FILE:
                self.add_error(name, _("The file is too large: the most is 20 MB."))
        return self.cleaned_data


def pairs(ids: list[str], grades: list[str]) -> dict[str, int]:
    """Grades by document from the lists a page sends; documents without a grade drop out."""
    return {
        external_id.strip(): int(grade)
        for external_id, grade in zip(ids, grades, strict=False)
        if external_id.strip() and grade.isdecimal() and len(grade) == 1
    }


def shown(weights: dict[str, float]) -> str:
    """Weights on a line."""
    return json.dumps(weights)
