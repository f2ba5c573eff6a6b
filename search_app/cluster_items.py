"""Clusters with the contents of their documents, in the shape of the llm-cluster plugin."""

import json
from collections.abc import Iterator
from textwrap import indent
from typing import Any

from django.db.models import F
from django.db.models.functions import Left

from collections_app.models import Collection, Viewer
from search_app import clusters
from search_app.models import Cluster

CHUNK = 500  # documents read at once


def pieces(
    user: Viewer,
    collection: Collection,
    parent: Cluster | None = None,
    *,
    length: int = 0,
    summary: bool = True,
) -> Iterator[str]:
    """`[{"id", "items": [{"id", "content"}], "summary"}]`, as `json.dumps` indents it by 4.

    Written piece by piece, so that no more than a few documents are in memory. `length`:
    characters of each content, 0 for all. Without `summary` the clusters' names are left out.
    With `parent` those that this cluster is split into; 3.1 is in 3.
    """
    rows = clusters.clusters(user, collection, parent)
    before = clusters.prefix(parent)
    between = "[\n"
    for cluster in rows:
        yield between + indent('{\n    "id": ' + json.dumps(f"{before}{cluster.ordinal}"), " " * 4)
        yield ',\n        "items": '
        yield from _list(_items(user, cluster, length))
        if summary:
            yield ',\n        "summary": ' + json.dumps(cluster.name)
        yield "\n    }"
        between = ",\n"
    yield "[]" if between == "[\n" else "\n]"


def _list(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    between = "[\n"
    for row in rows:
        yield between + indent(json.dumps(row, indent=4), " " * 12)
        between = ",\n"
    yield "[]" if between == "[\n" else "\n        ]"


def _items(user: Viewer, cluster: Cluster, length: int) -> Iterator[dict[str, Any]]:
    """The most typical first."""
    text = Left("document__text", length) if length else F("document__text")
    rows = clusters.members(user, cluster).annotate(content=text)
    found = rows.values_list("document__external_id", "content")
    for external_id, content in found.iterator(chunk_size=CHUNK):
        yield {"id": external_id, "content": content}
