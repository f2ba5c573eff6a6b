"""What the points of a map can be coloured by and slid through: fields, dates, a search."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from collections_app import vectors
from collections_app.format_names import format_name
from collections_app.models import Collection, Viewer
from collections_app.services import Rejected
from search_app.analysis import packing
from search_app.asking import checked
from search_app.maps import checksum
from search_app.models import Cluster, LabelSet
from search_app.queries import facets, point_values, points

MOST_WORDS = 11  # values of a field that have a colour of their own
DATE = "d"
NUMBER = "n"
WORDS = ""
LABELS = "labels."  # and the number of a label set
PARTS = "parts."  # and the number of a cluster that is split
MOST_PARTS = 100  # clusters that are split, which one can choose from


@dataclass(frozen=True)
class MapField:
    """`kind`: "d" for dates, "n" for numbers, empty for words."""

    name: str
    label: str
    kind: str


def fields(collection: Collection) -> list[MapField]:
    """When documents were added, their type, those keys of the metadata that tell them
    apart, from up to 5,000 of them, the collection's label sets and its clusters that are split."""
    found = facets.facets(facets.chosen([collection.pk], None).ids)
    listed = [MapField("added", _("when it was added"), DATE)]
    for facet in found:
        if facet.name == "type":
            listed.append(MapField("type", _("type"), WORDS))
        elif facet.name not in ("language", "collection"):
            listed.append(MapField(f"metadata.{facet.name}", facet.name, facet.kind))
    sets = LabelSet.objects.filter(collection=collection).values_list("pk", "name")
    listed += [MapField(f"{LABELS}{pk}", name, WORDS) for pk, name in sets]
    split = Cluster.objects.filter(collection=collection, split__clusters__isnull=False)
    split = split.distinct().order_by("clustering__depth", "ordinal", "pk")[:MOST_PARTS]
    return listed + [
        MapField(f"{PARTS}{pk}", _("parts of “%(name)s”") % {"name": name}, WORDS)
        for pk, name in split.values_list("pk", "name")
    ]


def column(user: Viewer, collection: Collection, name: str, text: str = "") -> bytes:
    """A value for each point, as `analysis.packing` has it: `code` (a place in the header's
    `labels`, 254 for others, 255 for none) or `value`, NaN for none; dates in days since 1970.

    `name` is that of a field, or `score` for the cosine with a text. Raises Rejected for what
    is no field, and ModelMissing.
    """
    if not Collection.objects.visible_to(user).filter(pk=collection.pk).exists():
        raise Rejected(_("There is no such collection that you may see. Choose another."))
    header: dict[str, Any] = {"checksum": checksum(points.read(collection)["id"])}
    if name == "score":
        vector = vectors.embed_query(collection.embedding_model, checked(text))
        return _scale(header, NUMBER, point_values.cosines(collection, vector))
    known = {one.name: one for one in fields(collection)}
    if name not in known:
        raise Rejected(
            _("“%(name)s” is no field that the map can show. There are: %(known)s.")
            % {"name": name[:100], "known": ", ".join([*known, "score"])}
        )
    return _field(header, collection, known[name])


def _field(header: dict[str, Any], collection: Collection, chosen: MapField) -> bytes:
    key = chosen.name.removeprefix("metadata.")
    if chosen.name == "added":
        return _scale(header, DATE, point_values.added(collection))
    if chosen.kind:
        found = point_values.numbers(collection, key, chosen.kind)
        return _scale(header, chosen.kind, _days(found) if chosen.kind == DATE else found)
    if chosen.name.startswith(LABELS):
        number = int(chosen.name.removeprefix(LABELS))
        known, codes = point_values.labels(collection, number, MOST_WORDS)
        return _words(header, known, codes)
    if chosen.name.startswith(PARTS):
        number = int(chosen.name.removeprefix(PARTS))
        known, codes = point_values.parts(collection, number, MOST_WORDS)
        return _words(header, known, codes)
    is_type = chosen.name == "type"
    known, codes = point_values.words(collection, None if is_type else key, MOST_WORDS)
    labels = [str(format_name(one)) for one in known] if is_type else known
    return _words(header, labels, codes)


def _words(header: dict[str, Any], labels: list[str], codes: point_values.Ints) -> bytes:
    return packing.pack({**header, "kind": WORDS, "labels": labels}, {"code": codes.astype("u1")})


def _scale(header: dict[str, Any], kind: str, values: np.ndarray) -> bytes:
    there = values[~np.isnan(values)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 0.0)
    return packing.pack(
        {**header, "kind": kind, "low": low, "high": high}, {"value": values.astype(np.float32)}
    )


def _days(stamps: np.ndarray) -> np.ndarray:
    """20240531093000 as days since 1970; NaN stays."""
    days = np.full(len(stamps), np.nan)
    for at in np.flatnonzero(~np.isnan(stamps)):
        text = f"{int(stamps[at]):014d}"
        try:
            moment = np.datetime64(
                f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}", "s"
            )
        except ValueError:  # a leap second, or the year 0
            continue
        days[at] = moment.astype(np.int64) / 86_400
    return days
