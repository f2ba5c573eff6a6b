"""The question box. Its text is checked by `answer.ask`."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from collections_app.models import Collection, Viewer
from rag_app.answer import chats
from rag_app.models import ChatModel

# What is typed may run from right to left; assets/js/once.js knows the keys.
BOX = {"dir": "auto", "aria-keyshortcuts": "Control+Enter"}


class AskForm(forms.Form):
    question = forms.CharField(
        label=_("Your question"), required=False, widget=forms.Textarea(attrs={"rows": 3} | BOX)
    )
    collection = forms.ModelChoiceField(
        label=_("Answer from"),
        queryset=Collection.objects.none(),
        required=False,
        empty_label=_("everything you may see"),
    )
    chat = forms.ChoiceField(label=_("Answered by"), required=False)
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
        _offer(self, chats.available())


class FollowForm(forms.Form):
    """A question that follows another one. `known` are the chat models that can be asked."""

    question = forms.CharField(
        label=_("Ask on"), required=False, widget=forms.Textarea(attrs={"rows": 2} | BOX)
    )
    chat = forms.ChoiceField(label=_("Answered by"), required=False)

    def __init__(self, *args: Any, known: Sequence[chats.Chat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, known)


def _offer(form: forms.Form, known: Sequence[chats.Chat]) -> None:
    """Choices of chat models, where there are any, and the longest question."""
    if known:
        quotes = (chats.QUOTES, _("quotes, no chat model"))
        chat = form.fields["chat"]
        chat.choices = [*((one.name, one.name) for one in known), quotes]  # type: ignore[attr-defined]
    else:
        del form.fields["chat"]
    box = form.fields["question"].widget
    box.attrs |= {"maxlength": settings.MAX_QUESTION_CHARS, "required": True}


class ChatModelForm(forms.Form):
    """The columns of a chat model."""

    backend = forms.ChoiceField(label=_("Where it runs"), choices=ChatModel.Backend.choices)
    base_url = forms.CharField(
        label=_("Address of the server"),
        max_length=500,
        required=False,
        help_text=_("Up to /v1, such as http://127.0.0.1:11434/v1; none for a plugin."),
    )
    ref = forms.CharField(label=_("Model, as its server or plugin names it"), max_length=500)
    api_key = forms.CharField(
        label=_("Key"),
        max_length=2000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Kept encrypted and never shown again. Left empty, the one it has stays."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("How it is called here; empty: as above."),
    )
    context_tokens = forms.IntegerField(
        label=_("Tokens of a prompt"),
        initial=3000,
        help_text=_("The most that is sent: the question and the passages that fit beside it."),
    )
    answer_tokens = forms.IntegerField(
        label=_("Tokens of an answer"),
        min_value=1,
        required=False,
        help_text=_("The most that it may write; empty: as its server has it."),
    )
    tokens_per_day = forms.IntegerField(
        label=_("Tokens a day"),
        min_value=1,
        required=False,
        help_text=_("Once 24 hours have had so many, it is not asked any more; empty: no limit."),
    )
    price_in = forms.DecimalField(
        label=_("Price of a million tokens of prompts"), min_value=0, initial=0, decimal_places=6
    )
    price_out = forms.DecimalField(
        label=_("Price of a million tokens of answers"), min_value=0, initial=0, decimal_places=6
    )
    is_default = forms.BooleanField(label=_("Asked where nothing else is chosen"), required=False)

    def __init__(self, *args: Any, row: ChatModel, **kwargs: Any) -> None:
        if row.pk:
            kwargs["initial"] = {
                name: getattr(row, name) for name in self.base_fields if name != "api_key"
            }
        super().__init__(*args, **kwargs)

    def given(self) -> dict[str, Any]:
        """The columns; without the key where none was typed."""
        values = dict(self.cleaned_data)
        if not values["api_key"]:
            del values["api_key"]
        return values
