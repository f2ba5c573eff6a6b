"""Forms of the page of words."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from search_app.looking_forms import ModelField


class WordListForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    model = ModelField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = _("English words")
