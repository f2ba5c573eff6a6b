"""Questions, answers and citations: to look at and to delete, not to write."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from collections_app.large_tables import UnwrittenAdmin, row_link, rows_link
from collections_app.models import long_columns
from rag_app.models import Answer, ChatModel, ChatUse, Citation, Question


@admin.register(Question)
class QuestionAdmin(UnwrittenAdmin):
    list_display = ("__str__", "asker", "collection_link", "answer_link", "created")
    list_select_related = ("user", "collection", "answer")
    list_filter = ("answer__kind", "answer__state", "created")
    search_fields = ("text", "user__username")
    fields = ("text", "asker", "collection_link", "among", "answer_link", "created")
    readonly_fields = fields
    ordering = ("-created",)

    @admin.display(description=_("asked by"), ordering="user__username")
    def asker(self, question: Question) -> SafeString | str:
        return row_link(question.user) if question.user else str(_("a visitor"))

    @admin.display(description=_("collection"))
    def collection_link(self, question: Question) -> SafeString | str:
        return row_link(question.collection)

    @admin.display(description=_("answer"))
    def answer_link(self, question: Question) -> SafeString | str:
        return row_link(getattr(question, "answer", None))


@admin.register(Answer)
class AnswerAdmin(UnwrittenAdmin):
    list_display = ("question_link", "kind", "state", "chat_model", "citation_link", "created")
    list_select_related = ("question",)
    list_filter = ("kind", "state", "created")
    search_fields = ("question__text", "text", "chat_model")
    fields = (
        "question_link", "kind", "state", "text", "chat_model", "error", "retry_at",
        "prompt_tokens", "answer_tokens", "cost", "lease_until", "citation_link", "created",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("question"))
    def question_link(self, answer: Answer) -> SafeString | str:
        return row_link(answer.question)

    @admin.display(description=_("citations"))
    def citation_link(self, answer: Answer) -> SafeString:
        return rows_link(Citation, _("citations"), answer__id__exact=answer.pk)


@admin.register(Citation)
class CitationAdmin(UnwrittenAdmin):
    list_display = ("opening", "answer_link", "document_link", "number", "score", "cited")
    list_select_related = ("answer", "document")
    list_filter = ("cited",)
    search_fields = ("quote",)
    fields = (
        "answer_link", "document_link", "number", "quote", "start", "end", "score", "cited",
        "on_site",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.defer(*long_columns("document"), "answer__text")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "answer__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description=_("quote"))
    def opening(self, citation: Citation) -> str:
        return citation.quote[:80]

    @admin.display(description=_("answer"))
    def answer_link(self, citation: Citation) -> SafeString | str:
        return row_link(citation.answer)

    @admin.display(description=_("document"))
    def document_link(self, citation: Citation) -> SafeString | str:
        return row_link(citation.document)

    @admin.display(description=_("on the site"))
    def on_site(self, citation: Citation) -> SafeString:
        return format_html('<a href="{}">{}</a>', citation.get_absolute_url(), _("open"))


@admin.register(ChatModel)
class ChatModelAdmin(UnwrittenAdmin):
    """To look at and to remove; the site's own page sets them up and checks what is typed."""

    list_display = ("name", "backend", "ref", "tokens_per_day", "is_default", "has_key")
    search_fields = ("name", "ref")
    fields = (
        "name", "backend", "ref", "base_url", "has_key", "context_tokens", "answer_tokens",
        "tokens_per_day", "price_in", "price_out", "is_default", "on_site",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("has a key"), boolean=True)
    def has_key(self, row: ChatModel) -> bool:
        return bool(row.secrets)

    @admin.display(description=_("on the site"))
    def on_site(self, row: ChatModel) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("chat_model_edit", args=[row.pk]), _("edit")
        )


@admin.register(ChatUse)
class ChatUseAdmin(UnwrittenAdmin):
    list_display = ("name", "hour", "answers", "prompt_tokens", "answer_tokens", "cost")
    search_fields = ("name",)
    fields = list_display
    readonly_fields = fields
    ordering = ("-hour",)
