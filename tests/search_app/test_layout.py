"""Maps by UMAP: an extra. What needs its library is skipped where that is not installed."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from collections_app.services import Rejected
from search_app import maps, tasks
from search_app.analysis import layout
from search_app.models import CollectionMap
from search_app.queries import points
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db
needs_umap = pytest.mark.skipif(
    not layout.installed(), reason="UMAP is not installed: pip install -r requirements-umap.txt"
)


def groups(sizes, seed=0):
    """Unit vectors around one centre a group, and the group of each."""
    draw = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = draw.standard_normal((len(sizes), 32))
    rows = centres[labels] + 0.3 * draw.standard_normal((len(labels), 32))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def moved(before, after):
    """The mean way that points went, as a share of the map's side."""
    return np.linalg.norm(after - before, axis=1).mean() / layout.SIDE


def test_a_vector_lands_between_its_nearest():
    known, labels = groups([20, 20])
    places = np.where(labels[:, None] == 0, [1000, 2000], [50_000, 60_000]).astype(np.int32)
    found = layout.land(known[[3, 30]], known, places)
    assert found.tolist() == [[1000, 2000], [50_000, 60_000]]
    assert layout.land(known[:1], known[:0], places[:0]).tolist() == [[32767, 32767]]
    assert layout.land(known[:0], known, places).shape == (0, 2)


def test_few_vectors_are_laid_out_by_principal_components():
    known, _labels = groups([2, 2])
    assert layout.fit(known).shape == (4, 2)


def test_where_it_is_not_installed_it_is_told_how(client, monkeypatch):
    monkeypatch.setattr(layout, "installed", lambda: False)
    home = CollectionFactory()
    embedded(home, {"a": "boats", "b": "bread"})
    with pytest.raises(Rejected, match=r"pip install -r requirements-umap\.txt"):
        maps.request(home, "umap")
    client.force_login(home.owner)
    page = client.post(f"/c/{home.pk}/map/", {"method": "umap"}, follow=True).text
    assert "pip install -r requirements-umap.txt" in page
    assert "not installed" in page
    url = f"/api/collections/{home.pk}/map/"
    refused = client.post(url, {"method": "umap"}, content_type="application/json")
    assert (refused.status_code, "requirements-umap.txt" in refused.text) == (400, True)
    assert client.post(url, {"method": "x"}, content_type="application/json").status_code == 400
    with pytest.raises(CommandError, match="not installed"):
        call_command("map", home.name, "--method", "umap", "--owner", home.owner.username)
    assert not CollectionMap.objects.exists()


@needs_umap
def test_groups_lie_apart_and_the_same_vectors_give_the_same_layout():
    known, labels = groups([40, 40, 40])
    places = layout.fit(known)
    assert places.min() >= 0
    assert places.max() <= layout.SIDE
    middles = np.array([places[labels == one].mean(axis=0) for one in range(3)])
    own = np.linalg.norm(places - middles[labels], axis=1)
    apart = [np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 2 * own.mean()
    assert np.array_equal(layout.fit(known), places)


@needs_umap
def test_a_new_layout_lies_on_the_former_one():
    known, _labels = groups([40, 40, 40])
    first = layout.fit(known[:100])
    again = layout.fit(known, (np.arange(100, dtype=np.int32), first))
    turned = layout.fit(known, (np.arange(100, dtype=np.int32), layout.SIDE - first))
    assert moved(first, again[:100]) < 0.2  # of any two places: about half
    assert moved(layout.SIDE - first, turned[:100]) < 0.2


@needs_umap
def test_a_map_is_made_and_a_newcomer_moves_no_other():
    home = CollectionFactory()
    embedded(home, {f"s{n}": f"boats sails harbour {n}" for n in range(8)})
    embedded(home, {f"b{n}": f"bread jam butter {n}" for n in range(8)})
    maps.request(home, "umap")
    assert maps.build(home.pk)
    before = {row["id"]: (row["x"], row["y"]) for row in points.read(home)}
    [new] = embedded(home, {"new": "boats sails harbour"})
    tasks.refresh_related(home.pk)
    after = {row["id"]: (row["x"], row["y"]) for row in points.read(home)}
    assert after.pop(new.pk)
    assert after == before
