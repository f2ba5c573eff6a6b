"""Collections with more documents than are held in memory at once; here more than six."""

import numpy as np
import pytest

from collections_app.services import Rejected
from search_app import axes, clusters, label_sets, maps, tasks
from search_app.analysis import layout, projection
from search_app.models import Axis, CollectionMap, MapPoint
from search_app.queries import documents, many, points
from tests.factories import CollectionFactory, embedded

pytestmark = pytest.mark.django_db
NOTES = {f"n{n:02}": f"boats harbour sails {n} word{n}" for n in range(6)}
NOTES |= {f"b{n:02}": f"bread oven butter {n} thing{n}" for n in range(6)}


@pytest.fixture
def home(monkeypatch):
    for name, value in (("MOST", 6), ("SAMPLE", 5), ("BLOCK", 4)):
        monkeypatch.setattr(many, name, value)
    monkeypatch.setattr(many.blocks, "__defaults__", (4,))
    monkeypatch.setattr(many.all_or_sample, "__defaults__", (5,))
    made = CollectionFactory(name="large")
    embedded(made, NOTES)
    return made


def places(home):
    return {row["id"]: (int(row["x"]), int(row["y"])) for row in points.read(home)}


def test_blocks_and_samples_are_rows_of_the_whole(home):
    documents.update_vectors(home)
    whole = documents.matrix(home)
    read = list(many.blocks(home))
    assert [len(one.ids) for one in read] == [4, 4, 4]
    assert np.concatenate([one.ids for one in read]).tolist() == whole.ids.tolist()
    assert np.array_equal(np.concatenate([one.vectors for one in read]), whole.vectors)
    some, is_whole = many.all_or_sample(home)
    assert not is_whole
    assert len(some.ids) == 5
    assert some.ids.tolist() == many.sample(home, 5).ids.tolist()
    assert np.array_equal(some.vectors, whole.vectors[np.isin(whole.ids, some.ids)])
    means = many.means(home, whole.ids[[7, 2]].tolist())
    assert np.allclose(means, whole.vectors[[2, 7]], atol=1e-6)
    assert many.means(home, []).shape == (0, home.embedding_model.dimension)


def test_a_map_is_made_from_a_sample_and_everything_placed(client, home, monkeypatch):
    def whole(*_args):
        raise AssertionError("the whole matrix was read")

    monkeypatch.setattr(documents, "matrix", whole)
    monkeypatch.setattr(many, "matrix", whole)
    maps.request(home)
    assert maps.build(home.pk)
    row = CollectionMap.objects.get()
    assert (row.state, row.fitted, MapPoint.objects.count()) == ("ready", 5, 12)
    client.force_login(home.owner)
    page = client.get(f"/c/{home.pk}/map/").text
    assert "Made from 5 documents" in page
    assert "These are an even sample of the collection" in page
    before = places(home)
    [new] = embedded(home, {"late": "boats harbour sails"})
    documents.update_vectors(home)
    tasks.place_documents(home.pk)
    after = places(home)
    assert after.pop(new.pk)
    assert after == before


def test_on_a_map_by_umap_the_others_land_between_the_sample(home, monkeypatch):
    """UMAP itself is an extra: principal components stand in for its layout."""
    monkeypatch.setattr(layout, "installed", lambda: True)
    monkeypatch.setattr(layout, "fit", lambda vectors, was=None: projection.fit(vectors)[1])
    monkeypatch.setattr(layout, "MOST", 6)
    maps.request(home, "umap")
    assert maps.build(home.pk)
    assert CollectionMap.objects.get().fitted == 6
    before = places(home)
    assert len(before) == 12
    sample = many.sample(home, 6)
    laid_out = projection.fit(sample.vectors)[1]
    assert [before[pk] for pk in sample.ids.tolist()] == [tuple(row) for row in laid_out.tolist()]
    [new] = embedded(home, {"late": "boats harbour sails"})
    documents.update_vectors(home)
    tasks.place_documents(home.pk)
    after = places(home)
    assert after.pop(new.pk)
    assert after == before


def test_clusters_are_refused_and_the_page_tells_why(client, home):
    with pytest.raises(Rejected, match="up to 6 documents; this collection has 12"):
        clusters.request(home, 3)
    client.force_login(home.owner)
    page = client.post(f"/c/{home.pk}/clusters/", {"wanted": 3, "method": "kmeans"})
    assert page.status_code == 422
    assert "this collection has 12" in page.text


def test_axes_and_labels_tell_that_there_are_too_many(client, home):
    client.force_login(home.owner)
    first = home.documents.order_by("pk").first()
    values = {"name": "a", "low_name": "sea", "high_name": "oven"}
    values |= {"low_examples": [f"#{first.pk}"], "high_examples": ["bread oven"]}
    axis = axes.make_axis(home, **values)
    with pytest.raises(Rejected, match="up to 6; this one has 12"):
        axes.score_documents(axis)
    page = client.get(axis.get_absolute_url())
    assert page.status_code == 200
    assert "up to 6; this one has 12" in page.text
    assert "axis-text" in page.text
    typed = client.post(f"/axes/{axis.pk}/text/", {"text": "bread oven."})
    assert "tone__number" in typed.text
    with pytest.raises(Rejected, match="up to 6"):
        label_sets.make_label_set(home, name="x", source="folder")
    assert Axis.objects.count() == 1
