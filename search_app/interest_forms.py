"""Forms of the pages about what one follows."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Viewer
from search_app.models import Interest

NAME_LENGTH = 200


class InterestForm(forms.Form):
    """What can be changed of an interest."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=NAME_LENGTH,
        help_text=_("Empty: as what is followed."),
    )
    collection = forms.ModelChoiceField(
        Collection.objects.none(),
        label=_("Where"),
        required=False,
        empty_label=_("Everything I may see"),
    )
    threshold = forms.FloatField(
        label=_("Least nearness"),
        required=False,
        min_value=-1,
        max_value=2,
        help_text=_(
            "Higher tells you of less. Empty: what is above chance here, as learned from pairs of "
            "passages that have nothing to do with each other."
        ),
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )
    email = forms.BooleanField(label=_("Write me an e-mail, once a day at most"), required=False)

    def __init__(self, *args: Any, user: Viewer, can_mail: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        collections = Collection.objects.visible_to(user)
        self.fields["collection"].queryset = collections  # type: ignore[attr-defined]
        if not can_mail:
            del self.fields["email"]


class FollowForm(InterestForm):
    """A new one: a search, or a text; a followed document is named by the address of the form."""

    kind = forms.ChoiceField(
        label=_("What to follow"),
        choices=[
            (Interest.Kind.SEARCH, _("a search, with its words and filters")),
            (Interest.Kind.TEXT, _("what is near a text")),
        ],
        initial=Interest.Kind.SEARCH,
    )
    text = forms.CharField(
        label=_("Words or text"),
        required=False,
        max_length=settings.MAX_QUERY_CHARS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    field_order = ["kind", "text", "name", "collection", "threshold", "email"]
