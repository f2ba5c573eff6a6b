"""Clusters named by a chat model, from the documents that are most typical of each."""

import time
from contextlib import closing
from dataclasses import dataclass, field

from django.db.models.functions import Left
from django.utils.translation import gettext as _

from collections_app.models import Collection
from collections_app.services import Rejected
from rag_app.answer import chats, problems
from rag_app.language import cluster_names as language
from rag_app.language.chat import ChatError
from rag_app.language.prompts import new_marker
from search_app.models import Cluster, ClusterMember

DOCUMENTS = 20  # that stand for a cluster
TRUNCATE, MOST_TRUNCATE = 100, 10_000  # characters of each that the chat model sees
MOST_PROMPT = 2000  # characters
MOST_REPLY = 2000
SECONDS = 45.0  # after which a page goes on in another request


@dataclass
class Named:
    """What became of the clusters: `kept` were named by hand, `left` were not reached."""

    named: list[Cluster] = field(default_factory=list)
    kept: list[Cluster] = field(default_factory=list)
    left: list[Cluster] = field(default_factory=list)
    problem: str = ""


def name_clusters(
    collection: Collection,
    chat: str = "",
    prompt: str = "",
    truncate: int = TRUNCATE,
    *,
    parent: Cluster | None = None,
    after: int = -1,
    seconds: float | None = None,
) -> Named:
    """Ask the chat model of this name, or the default one, for each cluster's name: those of the
    collection, or the ones that `parent` is split into.

    Names given by hand stay. `after` is the ordinal behind which to go on. A chat model that
    fails ends it, with the reason as `problem`; names that were given stay. Raises Rejected.
    """
    chosen = _checked(chat, prompt, truncate)
    clusters = list(Cluster.objects.of(collection, parent).filter(ordinal__gt=after))
    if not clusters:
        raise Rejected(_("There are no clusters to name. Make some first."))
    found, end = Named(), None if seconds is None else time.monotonic() + seconds
    for place, cluster in enumerate(clusters):
        if end is not None and time.monotonic() > end:
            found.left = clusters[place:]
            break
        if cluster.renamed:
            found.kept.append(cluster)
        elif problem := _ask(chosen, prompt, truncate, cluster, found):
            found.problem, found.left = problem, clusters[place:]
            break
    return found


def _checked(chat: str, prompt: str, truncate: int) -> chats.Chat:
    if len(prompt) > MOST_PROMPT:
        raise Rejected(_("The prompt has at most %(most)d characters.") % {"most": MOST_PROMPT})
    if not 1 <= truncate <= MOST_TRUNCATE:
        raise Rejected(
            _("The chat model can see 1 to %(most)d characters of each document.")
            % {"most": MOST_TRUNCATE}
        )
    chosen = chats.chosen(chat)
    if chosen is None:
        raise Rejected(_("There is no chat model to ask. Ask an administrator to set one up."))
    chats.check_limit(chosen)
    return chosen


def _texts(cluster: Cluster, truncate: int) -> list[str]:
    """The beginnings of its most typical documents, under their titles."""
    rows = ClusterMember.objects.filter(cluster=cluster).order_by("-score", "document")
    start = Left("document__text", truncate)
    found = rows.annotate(start=start).values_list("document__title", "start")[:DOCUMENTS]
    return [
        text if text.startswith(title) else f"{title}\n{text}"
        for title, text in ((title[:truncate], text) for title, text in found)
    ]


def _ask(chosen: chats.Chat, prompt: str, truncate: int, cluster: Cluster, found: Named) -> str:
    """Name one, unless somebody does meanwhile; what went wrong."""
    try:
        name = _name(chosen, prompt, _texts(cluster, truncate))
    except ChatError as error:
        return problems.in_words(problems.of(error))
    if not name:
        return _("The chat model gave no name for “%(name)s”. Try again.") % {"name": cluster.name}
    rows = Cluster.objects.filter(pk=cluster.pk, renamed=False)
    if rows.update(name=name, automatic=name):
        cluster.name = cluster.automatic = name
        found.named.append(cluster)
    else:
        found.kept.append(cluster)
    return ""


def _name(chosen: chats.Chat, prompt: str, texts: list[str]) -> str:
    """Raises ChatError."""
    # A token has at least one character, so what has so many characters fits.
    messages = language.asking(prompt, texts, new_marker(), chosen.context_tokens)
    reply = ""
    with closing(chosen.client().stream(messages)) as pieces:
        for piece in pieces:
            reply += piece
            if len(reply) > MOST_REPLY:
                break
    return language.cleaned(reply)
