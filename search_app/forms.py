"""Forms of the pages of search_app."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app import changes
from collections_app.model_choice import UsableModelField
from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from search_app import search
from search_app.clusters import MAX_CLUSTERS, MOST_NAME, MOST_SMALLEST
from search_app.models import Clustering


class SearchForm(forms.Form):
    """A query, and the collection to stay in. No query is valid: nothing was asked yet."""

    q = forms.CharField(
        label=_("Search by meaning"),
        required=False,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "class": "search-form__q",
                "placeholder": _("What are you looking for?"),
                "autocomplete": "off",
                "maxlength": settings.MAX_QUERY_CHARS,
            }
        ),
    )
    c = forms.ModelChoiceField(
        Collection.objects.none(),
        label=_("Collection"),
        required=False,
        empty_label=_("Everything"),
        error_messages={
            "invalid_choice": _("There is no such collection that you may see. Choose another.")
        },
    )

    def __init__(self, *args: Any, user: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        collections = Collection.objects.visible_to(user)
        self.fields["c"].queryset = collections  # type: ignore[attr-defined]

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        try:
            return search.checked(text) if text else ""
        except Rejected as error:
            raise forms.ValidationError(str(error)) from error


class WhyNotForm(SearchForm):
    """A query, and a document that is missed. No query and no document: nothing was asked yet."""

    document = forms.CharField(
        label=_("Document"),
        required=False,
        max_length=500,
        help_text=_("Its number, as in its address, or its id in the collection chosen above."),
    )


class ClusteringForm(forms.Form):
    method = forms.ChoiceField(
        label=_("How"),
        required=False,
        choices=Clustering.Method.choices,
        help_text=_("HDBSCAN finds out by itself how many there are."),
    )
    wanted = forms.IntegerField(
        label=_("How many clusters"),
        required=False,
        min_value=1,
        max_value=MAX_CLUSTERS,
        help_text=_("Leave it empty to let the documents decide."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    smallest = forms.IntegerField(
        label=_("Fewest documents of a cluster"),
        required=False,
        min_value=2,
        max_value=MOST_SMALLEST,
        help_text=_("For HDBSCAN. Left empty: one of a hundred of all, from 3 to 50."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    afresh = forms.BooleanField(
        label=_("Without regard to the clusters there are"),
        required=False,
        help_text=_(
            "Otherwise the new ones begin where those are. Either way those that hold much the"
            " same keep their names."
        ),
    )

    def clean_method(self) -> str:
        return self.cleaned_data["method"] or Clustering.Method.KMEANS


class ClusterNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=MOST_NAME,
        help_text=_("It stays when clusters are made anew. Empty: the name by its words."),
    )


class ModelChangeForm(forms.Form):
    model = UsableModelField(label=_("Embedding model"))

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = changes.choices(collection)
        self.fields["model"].queryset = models  # type: ignore[attr-defined]
