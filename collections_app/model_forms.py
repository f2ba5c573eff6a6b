"""Forms that register and change embedding models, one for each backend."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from collections_app.models import EmbeddingModel
from collections_app.services.models import FIXED

Backend = EmbeddingModel.Backend
Words = str | Promise


@dataclass(frozen=True)
class Kind:
    """What the pages tell of a backend, and which columns it has of its own."""

    text: Words
    icon: str
    ref: Words
    example: str
    columns: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    Backend.SENTENCE_TRANSFORMERS: Kind(
        _("Runs on this machine: a folder, a package, or a name of the hub."),
        "cpu",
        _("Folder, package:NAME, or name"),
        "intfloat/multilingual-e5-small",
        ("precision",),
    ),
    Backend.OPENAI_COMPATIBLE: Kind(
        _("Runs on a server that speaks /v1/embeddings: Ollama, llama.cpp, vLLM, TEI, OpenAI …"),
        "globe",
        _("Model, as its server names it"),
        "nomic-embed-text",
        ("base_url", "api_key", "tokenizer", "price_per_million_tokens"),
    ),
    Backend.LLM_PLUGIN: Kind(
        _("Comes with a plugin of the command line tool llm that is installed beside the site."),
        "code",
        _("Model id, as “llm embed-models” lists it"),
        "3-small",
        ("api_key", "tokenizer", "price_per_million_tokens"),
    ),
}
OPTIONAL = ("tokenizer", "token_limit", "truncate_dimension", "query_prefix", "passage_prefix")


class ModelForm(forms.Form):
    """Columns of the model's backend. Empty fields are found out by the probe."""

    ref = forms.CharField(max_length=500)
    base_url = forms.CharField(
        label=_("Address of the server"),
        max_length=500,
        help_text=_(
            "Up to /v1, such as http://127.0.0.1:11434/v1. It may be on this machine or in your "
            "network: what is embedded is sent there."
        ),
    )
    api_key = forms.CharField(
        label=_("Key"),
        max_length=2000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("If it wants one. It is kept encrypted and never shown again."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("How it is called here; empty: the last part of the above."),
    )
    aliases = forms.CharField(
        label=_("Aliases"),
        max_length=2000,
        required=False,
        help_text=_("Other names for the command line and the API, with spaces between."),
    )
    tokenizer = forms.CharField(
        label=_("Tokenizer"),
        max_length=500,
        required=False,
        help_text=_(
            "A folder or package:NAME with its tokenizer.json. Without it tokens are estimated, "
            "never too low, and passages get shorter than they had to be."
        ),
    )
    token_limit = forms.IntegerField(
        label=_("Token limit"),
        min_value=1,
        required=False,
        help_text=_("The most it reads of a text; empty: what the model says, or else 512."),
    )
    truncate_dimension = forms.IntegerField(
        label=_("Cut vectors to"),
        min_value=1,
        required=False,
        help_text=_("Numbers to keep, for models trained for it (Matryoshka); empty: all."),
    )
    query_prefix = forms.CharField(
        label=_("Query prefix"),
        max_length=200,
        required=False,
        strip=False,
        help_text=_("Put before what is searched for; E5 models get “query: ” by themselves."),
    )
    passage_prefix = forms.CharField(
        label=_("Passage prefix"), max_length=200, required=False, strip=False
    )
    normalised = forms.BooleanField(
        label=_("Bring vectors to unit length"), required=False, initial=True
    )
    precision = forms.ChoiceField(
        label=_("Precision"), choices=EmbeddingModel.Precision.choices, required=False
    )
    price_per_million_tokens = forms.DecimalField(
        label=_("Price of a million tokens"),
        min_value=0,
        max_digits=12,
        decimal_places=6,
        required=False,
        help_text=_("In the site's currency. What each collection has cost is shown by it."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        backend: str,
        model: EmbeddingModel | None = None,
        used: bool = False,
    ) -> None:
        super().__init__(data, initial=_initial(model) if model else None)
        self._model = model
        kind = KINDS[backend]
        own = {name for one in KINDS.values() for name in one.columns}
        for name in own - set(kind.columns):
            del self.fields[name]
        self.fields["ref"].label = str(kind.ref)
        self.fields["ref"].help_text = _("Such as %(name)s.") % {"name": kind.example}
        if used:  # what decides its vectors
            for name in set(FIXED) & set(self.fields):
                self.fields[name].disabled = True

    def columns(self) -> dict[str, Any]:
        """For `register`, or those that may be changed, for `change_model`."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("aliases", "api_key") and not self.fields[name].disabled
        }
        if "price_per_million_tokens" in values:
            values["price_per_million_tokens"] = values["price_per_million_tokens"] or 0
        if self._model is None:  # left out, to be found out
            return {k: v for k, v in values.items() if v not in ("", None) or k not in OPTIONAL}
        if "token_limit" in values:
            values["token_limit"] = values["token_limit"] or 0
        values["name"] = values["name"] or self._model.name
        return values

    def other_names(self) -> list[str]:
        return str(self.cleaned_data["aliases"]).split()

    def key(self) -> str | None:
        """None where a key that is there stays."""
        given = str(self.cleaned_data.get("api_key", ""))
        return given or (None if self._model else "")


def _initial(model: EmbeddingModel) -> dict[str, Any]:
    names = [name for name in ModelForm.base_fields if name not in ("aliases", "api_key")]
    aliases = " ".join(model.aliases.values_list("name", flat=True))
    return {name: getattr(model, name) for name in names} | {"aliases": aliases}
