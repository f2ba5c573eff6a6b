"""OpenAI's `/v1/chat/completions` over collections: what is asked, and how replies look."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from collections_app.openai_errors import BadRequest
from rag_app.language.chat import Message
from rag_app.language.sse import clean
from rag_app.serializers.answers import CitationSerializer

MOST_MESSAGES = 1000
TOO_LONG = "context_length_exceeded"


@dataclass(frozen=True)
class Completion:
    """A request as it is understood: the last user message is the question, `earlier` are the
    messages before it, `role` is what system messages say."""

    model: Any
    question: str
    earlier: list[Message]
    role: str
    stream: bool
    usage: bool  # in a stream, after the last piece
    store: bool  # keep the question in the asker's list


def completion(data: Any) -> Completion:
    """Raises BadRequest, which names the parameter."""
    if not isinstance(data, dict):
        raise BadRequest(_("The request is no JSON object."), "messages")
    if "model" not in data:
        raise BadRequest(_("Name a model: GET /v1/models lists them."), "model")
    if data.get("n") not in (None, 1):
        raise BadRequest(_("One answer is given to a question: n can be 1."), "n")
    form = data.get("response_format")
    if form is not None and form != {"type": "text"}:
        raise BadRequest(_("Answers are text. Leave it out."), "response_format")
    messages = _messages(data.get("messages"))
    options = data.get("stream_options")
    place = max((n for n, one in enumerate(messages) if one["role"] == "user"), default=-1)
    question = messages[place]["content"].strip() if place >= 0 else ""
    if not question:
        raise _bad(_("There is no question: the last user message is empty."))
    limit = settings.MAX_QUESTION_CHARS
    role = "\n".join(one["content"] for one in messages if one["role"] == "system").strip()
    for text, told in ((question, _("The question")), (role, _("The system message"))):
        if len(text) > limit:
            raise _bad(
                _("%(what)s has %(length)s characters; the most is %(limit)s. Shorten it.")
                % {"what": told, "length": number_format(len(text)), "limit": number_format(limit)},
                TOO_LONG,
            )
    return Completion(
        data["model"],
        question,
        [one for one in messages[:place] if one["role"] != "system"],
        role,
        data.get("stream") is True,
        isinstance(options, dict) and options.get("include_usage") is True,
        data.get("store") is True,
    )


def _messages(given: Any) -> list[Message]:
    """Those with text that count: of the system, the user and the assistant."""
    if not isinstance(given, list) or not given:
        raise BadRequest(
            _("Send a list of messages; the last of the user is the question."), "messages"
        )
    if len(given) > MOST_MESSAGES:
        raise _bad(
            _("These are %(count)d messages; the most is %(most)d.")
            % {"count": len(given), "most": MOST_MESSAGES},
            TOO_LONG,
        )
    roles: dict[Any, Any] = {
        "system": "system",
        "developer": "system",
        "user": "user",
        "assistant": "assistant",
    }
    made: list[Message] = []
    for n, one in enumerate(given):
        if not isinstance(one, dict) or not isinstance(one.get("role"), str):
            raise _bad(_("messages[%(n)d] is no message with a role.") % {"n": n})
        if role := roles.get(one["role"]):
            made.append({"role": role, "content": _text(one.get("content"), n)})
    return made


def _text(content: Any, n: int) -> str:
    """A text, or a list of parts that are texts."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    given = [one.get("text") if isinstance(one, dict) else None for one in parts]
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise BadRequest(
            _("messages[%(n)d] is not text, and only text is read.") % {"n": n}, "messages"
        )
    return clean("\n".join(texts))


def _bad(message: str, code: str | None = None) -> BadRequest:
    return BadRequest(message, "messages", code)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object", "additionalProperties": {}}},
        ]
    }
)
class ContentField(serializers.Field[Any, Any, Any, Any]):
    """A text, or a list of parts `{"type": "text", "text": ...}`."""


class ChatMessageSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(["system", "developer", "user", "assistant", "tool"])
    content = ContentField()


class CompletionSerializer(serializers.Serializer[Any]):
    """For the schema of the API."""

    model = serializers.CharField()
    messages = ChatMessageSerializer(many=True)
    stream = serializers.BooleanField(default=False)
    store = serializers.BooleanField(default=False)


class ChoiceSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    message = ChatMessageSerializer()
    finish_reason = serializers.CharField()


class CompletionUsageSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()


class CompletionReplySerializer(serializers.Serializer[Any]):
    """For the schema of the API."""

    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    model = serializers.CharField()
    choices = ChoiceSerializer(many=True)
    usage = CompletionUsageSerializer()
    question = serializers.CharField()
    kind = serializers.CharField()
    citations = CitationSerializer(many=True)
