"""The question box. Its text is checked by `answer.ask`."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Viewer


class AskForm(forms.Form):
    question = forms.CharField(
        label=_("Your question"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    collection = forms.ModelChoiceField(
        label=_("Answer from"),
        queryset=Collection.objects.none(),
        required=False,
        empty_label=_("everything you may see"),
    )

    among = forms.ModelMultipleChoiceField(
        label=_("Only from these collections"),
        queryset=Collection.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("collection", "among"):
            self.fields[name].queryset = Collection.objects.visible_to(user)  # type: ignore[attr-defined]
        box = self.fields["question"].widget
        box.attrs |= {"maxlength": settings.MAX_QUESTION_CHARS, "required": True}
