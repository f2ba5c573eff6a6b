"""What went wrong with an answer: kept by its kind, told in the language of whoever reads it."""

from math import ceil
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rag_app.language import chat

Problem = dict[str, Any]  # `kind`, and of a refusal `status`, `words` of the server, `wait` seconds
NO_KEY, NO_MODEL, BUSY = (401, 403), (404,), (429, 503)
MINUTES_FROM = 120  # seconds


def of(error: chat.ChatError) -> Problem:
    """What an answer keeps of a chat model's failure."""
    kept: Problem = {"kind": type(error).__name__}
    if isinstance(error, chat.Refused):
        kept |= {"status": error.status, "words": error.message}
        kept |= {} if error.retry_after is None else {"wait": error.retry_after}
    return kept


def columns(problem: Problem) -> dict[str, Any]:
    """Of an answer: what went wrong, and as it is told now, in this language; nothing of none."""
    return {"problem": problem, "error": in_words(problem) if problem else ""}


def in_words(problem: Problem, wait: float | None = None, *, server: bool = True) -> str:
    """What went wrong and what to do, for whoever reads it; `wait`: the seconds that are left
    until the server may be asked again. With the words of the `server` itself, told as such."""
    if problem["kind"] != chat.Refused.__name__:
        return _unforeseen(problem["kind"])
    told = _refused(problem, problem.get("wait") if wait is None else wait)
    if server and problem.get("words"):
        told += " " + _("The server's own words: “%(words)s”") % {"words": problem["words"]}
    return told


def _unforeseen(kind: str) -> str:
    """The words of each kind of failure but refusals."""
    return {
        "Unreachable": _("The chat server cannot be reached. See that it runs, then try again."),
        "TimedOut": _("The chat server took too long. Try again in a moment."),
        "CutOff": _("The chat server stopped in the middle of its answer. Try again."),
        "LengthLimit": _(
            "The answer reached the most tokens that the chat model may write. Ask for less, or"
            " ask another chat model."
        ),
        "Filtered": _(
            "The chat server's content filter stopped the answer. Ask with other words, or ask"
            " another chat model."
        ),
        "TooLarge": _(
            "The chat server's answer was too long and was stopped. Ask again, or ask another"
            " chat model."
        ),
        "Failed": _("The chat model's plugin failed. Its operator can say why; try another model."),
        "stopped": _("You stopped this answer."),
        "interrupted": _("The answer was interrupted before it was whole. Try again."),
        "gone": _("The answer was cut off before it was whole. Try again."),
        "empty": _("The chat model gave an empty answer. Try again."),
        "no model": _(
            "This chat model is no longer set up here. Ask another one, or have the passages"
            " quoted."
        ),
        "too long": _("The prompt is too long for the chat model's context. Shorten it."),
        "deleted": _("A document that this answer used was deleted. Ask again."),
    }.get(
        kind,
        _(
            "The chat server sent something that is not an answer. Try again, or ask another chat"
            " model; the site's operator should see that its address is right."
        ),
    )


def _refused(problem: Problem, wait: float | None) -> str:
    status = problem["status"]
    if status in NO_KEY:
        return _(
            "The chat server does not take the site's key. The site's operator must enter another"
            " one; until then ask another chat model, or have the passages quoted."
        )
    if status in NO_MODEL:
        return _(
            "The chat server does not know the model, or has nothing at its address. The site's"
            " operator must correct its name or address; until then ask another chat model."
        )
    if status in BUSY and wait is not None:
        if wait <= 0:
            return _("The chat server had too much to do. Try again now.")
        if wait > MINUTES_FROM:
            return _("The chat server has too much to do. Try again in %(n)d minutes.") % {
                "n": ceil(wait / 60)
            }
        seconds = max(1, round(wait))
        return ngettext(
            "The chat server has too much to do. Try again in %(n)d second.",
            "The chat server has too much to do. Try again in %(n)d seconds.",
            seconds,
        ) % {"n": seconds}
    if status in BUSY:
        return _(
            "The chat server has too much to do. Try again in a minute, or ask another chat model."
        )
    if status >= 500 or status == 200:  # an error in the middle of a reply has no status
        return _("The chat server failed. Try again in a moment, or ask another chat model.")
    return _(
        "The chat server refused the question (status %(status)d). Ask another chat model; the"
        " site's operator can say why."
    ) % {"status": status}
