"""Texts and pictures under one model: two kinds of passages, each with cosines of its own.

In the space of a CLIP the cosines of a text with pictures lie lower than those with other texts
(Liang et al. 2022, the modality gap). So each kind is ranked by how its own cosines lie.
"""

from dataclasses import replace

import numpy as np
from django.db import connection

from collections_app.models import EmbeddingModel
from search_app.queries import filters, samples
from search_app.queries.cursors import array
from search_app.queries.scope import Condition, Scope

TEXT, PICTURE = samples.TEXT, samples.PICTURE
CONDITIONS = {kind: Condition(sql) for kind, sql in samples.CONDITIONS.items()}
AMONG = """
SELECT passage.id FROM collections_app_passage passage
JOIN collections_app_document document ON document.id = passage.document_id
WHERE passage.id = ANY(%(passages)s) AND {condition} ORDER BY 1
"""


def scopes(scope: Scope, model: EmbeddingModel) -> list[Scope]:
    """The scope, or under a model that takes pictures one for each kind that there is."""
    if not model.takes_pictures:
        return [scope]
    there = [kind for kind in (TEXT, PICTURE) if samples.has(scope.collections, model, kind)]
    return [narrowed(scope, kind) for kind in there] or [scope]


def narrowed(scope: Scope, kind: str) -> Scope:
    """What is left of the scope of this kind."""
    condition = CONDITIONS[kind]
    if scope.passages is None:
        return replace(scope, condition=filters.all_of(scope.condition, condition), kind=kind)
    with connection.cursor() as cursor:
        statement = AMONG.format(condition=condition.sql)
        cursor.execute(statement, {"passages": array(scope.passages)})
        ids = np.array([row[0] for row in cursor.fetchall()], np.int64)
    cosines = scope.cosines
    if cosines is not None:
        cosines = cosines[np.searchsorted(scope.passages, ids)]
    return replace(scope, passages=ids, cosines=cosines, kind=kind)
