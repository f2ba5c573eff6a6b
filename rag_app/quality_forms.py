"""Forms of the pages about how good answers are."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from rag_app.answer import chats

MOST_FILE = 20 * 1024 * 1024


class RunAnswersForm(forms.Form):
    """By what the test questions are answered; nothing to choose where there is no chat model."""

    chat = forms.ChoiceField(label=_("Answered by"), required=False)

    def __init__(self, *args: Any, known: Sequence[chats.Chat], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quotes = (chats.QUOTES, _("quotes, no chat model"))
        choices = [*((one.name, one.name) for one in known), quotes]
        self.fields["chat"].choices = choices  # type: ignore[attr-defined]
        if not known:
            self.fields["chat"].widget = forms.HiddenInput()


class KnownQuestionForm(forms.Form):
    """A test question; the documents that are ticked stand beside it on the page."""

    text = forms.CharField(
        label=_("Question"), widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"})
    )
    more = forms.CharField(
        label=_("Other documents that answer it, by their ids"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("One on each line."),
    )
    facts = forms.CharField(
        label=_("Facts that the answer must have"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_(
            "A few words on each line, as they would stand in the answer; | stands between ways"
            " to say one: ten minutes|10 min"
        ),
    )
    unanswerable = forms.BooleanField(
        label=_("The collection does not answer it: to say so is right"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["maxlength"] = settings.MAX_QUESTION_CHARS

    def lines(self, name: str) -> list[str]:
        """What was typed, line by line."""
        given = (one.strip() for one in self.cleaned_data[name].splitlines())
        return [one for one in given if one]

    def documents(self, ticked: Sequence[str]) -> list[str]:
        """All that answer it, none where it has no answer; the form has an error where that is
        not clear."""
        named = [*ticked, *self.lines("more")]
        if self.cleaned_data["unanswerable"]:
            if named:
                message = _("Name documents, or say that the collection does not answer it.")
                self.add_error("unanswerable", message)
            return []
        if not named:
            message = _(
                "Tick the documents that answer it or name one by its id, or say that the"
                " collection does not answer it."
            )
            self.add_error("more", message)
        return named


class QuestionsFileForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "JSON: a list of objects with “question”, and “documents” (ids) and “facts” for those"
            " that can be answered."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_FILE:
            raise forms.ValidationError(_("The file is too large: the most is 20 MB."))
        return file
