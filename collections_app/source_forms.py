"""Forms of sources, one for each kind, made of the options that the kind has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.columns_form import NamesField, column_fields, plan_of
from collections_app.models import Source
from collections_app.sources import kinds
from collections_app.sources.options import Option

Words = str | Promise
SCHEDULES = [
    ("", gettext_lazy("only when asked to")),
    ("15", gettext_lazy("every 15 minutes")),
    ("60", gettext_lazy("every hour")),
    ("360", gettext_lazy("every 6 hours")),
    ("1440", gettext_lazy("every day")),
    ("10080", gettext_lazy("every week")),
]
LEFT_OUT = frozenset(
    {"plan", "format", "reading", "name", "collection"}
)  # chosen elsewhere, or by itself


@dataclass(frozen=True)
class KindHelp:
    """What the page that offers the kinds says of one."""

    icon: str
    text: Words


KINDS: dict[str, KindHelp] = {
    Source.Kind.FOLDER: KindHelp(
        "folder", gettext_lazy("Files in a folder of this server that the administrator allows.")
    ),
    Source.Kind.URL: KindHelp("globe", gettext_lazy("One page on the web, looked at again.")),
    Source.Kind.SITEMAP: KindHelp(
        "map", gettext_lazy("All pages of a website that its sitemap lists.")
    ),
    Source.Kind.FEED: KindHelp("rss", gettext_lazy("The entries of a blog or news site.")),
    Source.Kind.GIT: KindHelp(
        "git-branch", gettext_lazy("The files of a Git repository, over https or on this server.")
    ),
    Source.Kind.JSON_API: KindHelp(
        "braces", gettext_lazy("A web service that gives items as JSON, page by page.")
    ),
    Source.Kind.SQL: KindHelp(
        "database", gettext_lazy("The rows of a query on a PostgreSQL database of yours.")
    ),
    Source.Kind.SQLITE: KindHelp(
        "table", gettext_lazy("The rows of a query on an SQLite file on this server.")
    ),
}
WORDS: dict[str, tuple[Words, Words]] = {
    "name": (gettext_lazy("File"), ""),
    "before": (
        gettext_lazy("Put before each id"),
        gettext_lazy("Such as 2024/, where another source of the collection has the same ids."),
    ),
    "path": (gettext_lazy("Path on the server"), ""),
    "glob": (
        gettext_lazy("Which files"),
        gettext_lazy("A pattern, such as **/*.md for all Markdown files in all folders."),
    ),
    "url": (gettext_lazy("Address"), gettext_lazy("Beginning with https:// or http://.")),
    "content": (gettext_lazy("What to take"), ""),
    "branch": (gettext_lazy("Branch"), gettext_lazy("Empty for the main one.")),
    "items": (
        gettext_lazy("Where the list is"),
        gettext_lazy("The path to it, such as data.items; empty where the answer is the list."),
    ),
    "id": (gettext_lazy("Field of the id"), ""),
    "title": (gettext_lazy("Field of the title"), ""),
    "text": (gettext_lazy("Fields of the text"), gettext_lazy("With blanks between several.")),
    "metadata": (
        gettext_lazy("Fields to keep as metadata"),
        gettext_lazy("With commas between several."),
    ),
    "media_type": (gettext_lazy("Format of the text"), ""),
    "paging": (
        gettext_lazy("How further pages are found"),
        gettext_lazy("By the Link header, a page number, or an address in the answer (next)."),
    ),
    "page_parameter": (gettext_lazy("Name of the page number"), ""),
    "first_page": (gettext_lazy("Number of the first page"), ""),
    "next": (gettext_lazy("Field with the next page's address"), ""),
    "prefix": (
        gettext_lazy("Only addresses that begin with"),
        gettext_lazy("Empty for all that the sitemap lists."),
    ),
    "most": (gettext_lazy("Most pages"), ""),
    "query": (
        gettext_lazy("Query"),
        gettext_lazy("A SELECT: the first column is the id unless one is called so."),
    ),
    "seconds": (gettext_lazy("Most seconds that the query may take"), ""),
    "headers": (
        gettext_lazy("Secret headers"),
        gettext_lazy("One a line, such as Authorization: Bearer abc."),
    ),
    "user": (gettext_lazy("User name"), ""),
    "token": (gettext_lazy("Password or token"), ""),
    "address": (
        gettext_lazy("Address of the database"),
        gettext_lazy("postgresql://user:password@host:5432/name"),
    ),
}


def words_of(name: str) -> tuple[Words, Words]:
    """Label and help of an option; its bare name where nothing better is known."""
    return WORDS.get(name, (name, ""))


def told(options: dict[str, Any]) -> list[tuple[Words, str]]:
    """Label and value of the options that say something, for the page of a source."""
    plain = {k: v for k, v in options.items() if v and not isinstance(v, dict) and k != "reading"}
    return [
        (words_of(name)[0], ", ".join(value) if isinstance(value, list) else str(value))
        for name, value in plain.items()
    ]


class SourceForm(forms.Form):
    """Name and schedule, and a field for each option and secret of the kind.

    Secrets are never shown again: an empty field keeps what is stored.
    """

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)

    def __init__(self, data: Any = None, *, kind: str, source: Source | None = None) -> None:
        module = kinds.of(kind)
        self.kind, self.source = kind, source
        self.known: Sequence[Option] = [o for o in module.OPTIONS if o.name not in LEFT_OUT]
        self.secret: Sequence[Option] = module.SECRETS
        super().__init__(data, initial=self._stored())
        for option in self.known:
            self.fields[option.name] = _field(option)
        self.planned = kind != Source.Kind.FILE and any(o.name == "plan" for o in module.OPTIONS)
        if self.planned:
            self.fields |= column_fields()
        if "path" in self.fields:
            self.fields["path"].help_text = _roots_told()
        for option in self.secret:
            self.fields[f"secret_{option.name}"] = self._secret_field(option)
        if source and source.secrets:
            self.fields["forget"] = forms.BooleanField(
                label=_("Forget the secrets that are stored"), required=False
            )
        if kind != Source.Kind.FILE:
            self.fields["every"] = forms.ChoiceField(
                label=_("When to look again"), choices=self._schedules(), required=False
            )

    def options(self) -> dict[str, Any]:
        """For the service: those of the fields over those that have none here."""
        kept = self.source.options if self.source else {}
        given = {one.name: self.cleaned_data[one.name] for one in self.known}
        if self.planned:
            given["plan"] = plan_of(self.cleaned_data, kept.get("plan") or {})
        return kept | {name: value for name, value in given.items() if value is not None}

    def secrets(self) -> dict[str, Any] | None:
        """None to keep what is stored."""
        given = {one.name: self.cleaned_data[f"secret_{one.name}"] for one in self.secret}
        found = {name: value for name, value in given.items() if value}
        return {} if self.cleaned_data.get("forget") else found or None

    def every_minutes(self) -> int | None:
        chosen = self.cleaned_data.get("every")
        return int(chosen) if chosen else None

    def _stored(self) -> dict[str, Any]:
        if self.source is None:
            return {option.name: option.default for option in self.known}
        options = dict(self.source.options)
        options |= options.get("plan") or {}
        if isinstance(options.get("metadata"), list):
            options["metadata"] = ", ".join(options["metadata"])
        every = self.source.every_minutes
        return options | {"name": self.source.name, "every": str(every or "")}

    def _schedules(self) -> list[tuple[str, Words]]:
        every = str(self.source.every_minutes or "") if self.source else ""
        known = dict(SCHEDULES)
        other = [] if every in known else [(every, _("every %(count)s minutes") % {"count": every})]
        return [*SCHEDULES, *other]

    def _secret_field(self, option: Option) -> forms.Field:
        label, help_text = words_of(option.name)
        stored = bool(self.source and self.source.secrets)
        if stored:
            help_text = _("Stored, and not shown again. Leave it empty to keep it.")
        words: dict[str, Any] = {"label": label, "help_text": help_text}
        words["required"] = option.required and not stored
        if option.type is dict:
            return HeadersField(**words)
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        return forms.CharField(**words, widget=widget, max_length=2000)


def _roots_told() -> str:
    """Which folders of the server a path may be in."""
    if not settings.SOURCE_ROOTS:
        return _("No folder may be read yet: an administrator names them in SOURCE_ROOTS.")
    told = _("In one of the folders that may be read: %s.") % ", ".join(settings.SOURCE_ROOTS)
    return escape(told)


class HeadersField(forms.CharField):
    """`Name: value` on each line, as {name: value}."""

    widget = forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        lines = [line for line in super().clean(value).splitlines() if line.strip()]
        pairs = [line.partition(":") for line in lines]
        if any(not colon or not name.strip() for name, colon, _value in pairs):
            raise forms.ValidationError(_("Write each header as “Name: value”, one a line."))
        return {name.strip(): value.strip() for name, _colon, value in pairs}


def _field(option: Option) -> forms.Field:
    label, help_text = words_of(option.name)
    words: dict[str, Any] = {"label": label, "help_text": help_text, "required": option.required}
    if option.choices:
        return forms.ChoiceField(**words, choices=[(one, one) for one in option.choices])
    if option.type is int:
        return forms.IntegerField(**words, min_value=option.least, max_value=option.most)
    if option.type is bool:
        return forms.BooleanField(**words | {"required": False})
    if option.type is list:
        return NamesField(**words)
    if option.name == "query":
        return forms.CharField(**words, widget=forms.Textarea(attrs={"rows": 5}))
    return forms.CharField(**words)
