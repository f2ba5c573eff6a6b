"""Choosing an embedding model: what one chooses by, and why one cannot be chosen."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from collections_app.models import EmbeddingModel, Probe
from collections_app.reasons import in_words


def described(model: EmbeddingModel) -> str:
    """Its name, numbers in a vector, token limit, and when it was probed, where it comes from
    `with_probe`."""
    parts = [
        model.name,
        _("%(n)d numbers") % {"n": model.dimension},
        _("reads %(n)d tokens") % {"n": model.token_limit},
    ]
    if probed := getattr(model, "probed", None):
        when = date_format(localtime(probed), "SHORT_DATE_FORMAT")
        parts.append(_("probed %(date)s") % {"date": when})
    else:
        parts.append(_("not probed here"))
    if model.is_away:
        parts.append(_("out of reach now"))
    return " · ".join(parts)


def why_unusable(model: EmbeddingModel, *, in_full: bool = True) -> str:
    """Why no collection can choose it, and what to do; empty for a model that one can.

    In full it may name folders and addresses of the server's: that is for staff.
    """
    if model.usable:
        return ""
    if model.fixed:
        return _("%(model)s is a fixed set of vectors: it cannot embed anything else.") % {
            "model": model
        }
    last = model.probes.filter(state=Probe.State.FAILED).first()
    if model.state == EmbeddingModel.State.FAILED and not in_full:
        return _("%(model)s failed its probe. Choose another model.") % {"model": model}
    if model.state == EmbeddingModel.State.FAILED and last:
        return _("%(model)s failed its probe: %(error)s") % {
            "model": model,
            "error": in_words(last.error),
        }
    return _("%(model)s has not passed its probe yet. Wait for it, or start one.") % {
        "model": model
    }


_NUMBER = re.compile(r"[0-9]{1,18}")

if TYPE_CHECKING:  # Django's own class takes no parameters
    ModelField = forms.ModelChoiceField[EmbeddingModel]
else:
    ModelField = forms.ModelChoiceField


class UsableModelField(ModelField):
    """One of the models that can be used, each described; another is refused with the reason."""

    def __init__(self, *, queryset: Any = None, **options: Any) -> None:
        options |= {"empty_label": None, "blank": False}
        super().__init__(EmbeddingModel.objects.usable().with_probe(), **options)

    def label_from_instance(self, obj: Any) -> str:
        return described(obj)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            if reason := _why_not(str(value)):
                raise forms.ValidationError(reason) from None
            raise


def _why_not(number: str) -> str:
    """Why the model of this number cannot be used; empty where there is none, or it can."""
    found = EmbeddingModel.objects.filter(pk=number).first() if _NUMBER.fullmatch(number) else None
    return why_unusable(found, in_full=False) if found else ""
