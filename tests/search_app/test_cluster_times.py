"""The timeline of a cluster: months and years, by any date of the metadata."""

import datetime
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from collections_app.models import Document
from collections_app.services import Rejected
from search_app import cluster_times
from tests.factories import CollectionFactory, DocumentFactory
from tests.search_app.rows import cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def dated():
    home = CollectionFactory(public=True)
    days = ("2023-11-30", "2024-01-01", "2024-01-31", "2024-02-29")
    documents = [DocumentFactory(collection=home, metadata={"day": day}) for day in days]
    documents.append(DocumentFactory(collection=home, metadata={"day": "never"}))
    for document, day in zip(documents, days, strict=False):
        moment = timezone.make_aware(datetime.datetime.fromisoformat(day) - datetime.timedelta(99))
        Document.objects.filter(pk=document.pk).update(created=moment)
    return cluster(home, documents[:4])


def spans(row, field=""):
    return [(one.name, one.count) for one in cluster_times.timeline(row, field)]


def test_every_month_from_the_first_to_the_last_is_there(dated):
    by_day = [("2023-11", 1), ("2023-12", 0), ("2024-01", 2), ("2024-02", 1)]
    assert spans(dated, "day") == by_day
    assert [count for _name, count in spans(dated)] == [1, 1, 1, 1]
    assert spans(dated)[0][0] == "2023-08"


def test_a_long_time_is_counted_by_the_year(dated):
    old = DocumentFactory(collection=dated.collection, metadata={"day": "1999-12-31"})
    dated.members.create(document=old, score=0.1)
    found = spans(dated, "day")
    assert (found[0], found[-2:], len(found)) == (("1999", 1), [("2023", 1), ("2024", 3)], 26)


def test_what_holds_no_dates_is_told_with_what_does(dated, client):
    with pytest.raises(Rejected, match="There are: day"):
        cluster_times.timeline(dated, "title")
    assert "There are: day" in client.get(f"/clusters/{dated.pk}/?by=title").text
    assert client.get(f"/api/clusters/{dated.pk}/timeline/?by=title").status_code == 400
    assert client.get(f"/api/clusters/{dated.pk}/timeline/?by={'x' * 301}").status_code == 400


def test_page_and_api_show_it(dated, client):
    page = client.get(f"/clusters/{dated.pk}/?by=day").text
    assert "<title>2024-01: 2</title>" in page
    assert page.count("<rect") == 4
    assert "<option selected>day</option>" in page
    answer = client.get(f"/api/clusters/{dated.pk}/timeline/?by=day").json()
    assert answer[2] == {"name": "2024-01", "count": 2}


def test_a_cluster_that_was_emptied_has_no_timeline(client):
    row = cluster(CollectionFactory(public=True), [])
    assert cluster_times.timeline(row) == []
    assert "In time" not in client.get(f"/clusters/{row.pk}/").text


def test_command_prints_the_times_of_all_clusters(dated):
    def run(*given):
        out = io.StringIO()
        home = dated.collection
        call_command("cluster", home.name, *given, "--owner", home.owner.username, stdout=out)
        return json.loads(out.getvalue())

    [found] = run("--timeline", "day")
    assert found["summary"] == dated.name
    assert found["timeline"][2] == {"name": "2024-01", "count": 2}
    assert [len(one["timeline"]) for one in run("--timeline")] == [4]
    with pytest.raises(CommandError, match="There are: day"):
        run("--timeline", "title")
