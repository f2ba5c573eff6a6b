"""Sources, runs and rows over the API, and their rows in the admin."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from collections_app import services, sources
from collections_app.models import Quota, RunProblem, Source, Upload
from collections_app.services import sources as service
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db
CSV = "id,text,price\na,Some words here,12\nb,Other words here,13\n"


@pytest.fixture
def collection(media):
    return CollectionFactory()


@pytest.fixture
def api(collection):
    client = APIClient()
    client.force_login(collection.owner)
    return client


@pytest.fixture
def folder(settings, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nWords.")
    settings.SOURCE_ROOTS = [str(tmp_path)]
    return folder


@pytest.fixture
def source(collection, folder):
    return service.create_source(collection, "folder", "Notes", {"path": str(folder)})


def post(api, place, **data):
    return api.post(place, data, format="json")


def send(api, collection, data=CSV, name="a.csv"):
    file = SimpleUploadedFile(name, data.encode())
    return api.post(f"/api/collections/{collection.pk}/rows/", {"file": file})


def test_source_is_made_read_edited_run_and_deleted(api, collection, folder):
    place = f"/api/collections/{collection.pk}/sources/"
    wanted = {"kind": "folder", "name": "Notes", "options": {"path": str(folder)}}
    made = post(api, place, **wanted)
    assert made.status_code == 201, made.content
    answer = made.json()
    assert (answer["kind"], answer["has_secrets"]) == ("folder", False)
    assert api.get(place).json()["results"] == [answer]
    one = f"/api/sources/{answer['id']}/"
    assert api.get(one).json() == answer
    assert api.patch(one, {"every_minutes": 60}, format="json").json()["every_minutes"] == 60
    assert api.patch(one, {"name": "New"}, format="json").json()["every_minutes"] == 60
    assert api.patch(one, {"every_minutes": None}, format="json").json()["next_run"] is None
    run = post(api, f"{one}run/")
    assert run.status_code == 202
    sources.work(20, lambda: None)
    [done] = api.get(f"{one}runs/").json()["results"]
    assert (done["state"], done["added"]) == ("done", 1)
    assert api.get(f"/api/runs/{done['id']}/").json() == done
    assert api.delete(f"{one}?documents=delete").status_code == 204
    assert (Source.objects.count(), collection.documents.count()) == (0, 0)


def test_what_cannot_be_is_refused_in_words(api, collection, folder):
    place = f"/api/collections/{collection.pk}/sources/"
    response = post(api, place, kind="url", name="x", options={"url": "ftp://example.com"})
    assert response.status_code == 400
    assert post(api, place, kind="nonsense", name="x").status_code == 400
    assert (
        post(api, place, kind="url", name="x", options={"page": 1})
        .json()["detail"]
        .startswith("There is no option “page”")
    )


def test_secrets_never_come_out(api, collection):
    place = f"/api/collections/{collection.pk}/sources/"
    made = post(
        api,
        place,
        kind="url",
        name="x",
        options={"url": "https://example.com"},
        secrets={"headers": {"X-Key": "zyxomma"}},
    )
    assert (made.status_code, made.json()["has_secrets"]) == (201, True)
    for answer in (made, api.get(place), api.get(f"/api/sources/{made.json()['id']}/")):
        assert b"zyxomma" not in answer.content
        assert Source.objects.get().secrets.encode() not in answer.content


def test_run_is_paused_resumed_cancelled_and_its_problems_listed(api, source):
    run = service.request_run(source)
    RunProblem.objects.create(run=run, external_id="a", outcome="failed", reason="b")
    place = f"/api/runs/{run.pk}/"
    assert api.get(f"{place}problems/").json()["results"] == [
        {"external_id": "a", "outcome": "failed", "reason": "b"}
    ]
    assert post(api, f"{place}confirm/").status_code == 400
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert post(api, f"{place}{action}/").json()["state"] == state


def test_rows_are_looked_at_tried_and_imported(api, collection):
    answer = send(api, collection)
    assert answer.status_code == 201
    seen = answer.json()
    assert seen["columns"] == ["id", "text", "price"]
    assert seen["types"]["price"] == "number"
    assert seen["rows"][0] == {"id": "a", "text": "Some words here", "price": "12"}
    assert seen["plan"]["id_column"] == "id"
    place = f"/api/uploads/{seen['upload']}/rows/"
    assert api.get(place).json() == seen
    tried = post(api, place, plan=seen["plan"], format=seen["format"], dry_run=True)
    assert (tried.status_code, tried.json()) == (
        200,
        {"added": 2, "changed": 0, "unchanged": 0, "removed": 0, "failed": 0, "problems": []},
    )
    assert collection.documents.count() == 0
    assert post(api, place).status_code == 202
    assert post(api, place).status_code == 400
    sources.work(20, lambda: None)
    metadata = collection.documents.order_by("pk").values_list("metadata", flat=True)
    assert list(metadata) == [{"price": 12}, {"price": 13}]


@pytest.mark.parametrize("plan", [{"nonsense": 1}, {"text_columns": 5}])
def test_plan_that_cannot_be_read(api, collection, plan):
    place = f"/api/uploads/{send(api, collection).json()['upload']}/rows/"
    assert post(api, place, plan=plan, dry_run=True).status_code == 400
    assert post(api, place, format={"kind": "csv", "encoding": "klingon"}).status_code == 400


def test_file_that_is_no_table_is_not_kept(api, collection):
    assert send(api, collection, data=" \n ").status_code == 400
    assert Upload.objects.count() == 0


def test_strangers_and_reading_tokens(collection, source):
    run = service.request_run(source)
    stranger, visitor = APIClient(), APIClient()
    stranger.force_login(UserFactory())
    for place in (
        f"/api/collections/{collection.pk}/sources/",
        f"/api/sources/{source.pk}/",
        f"/api/sources/{source.pk}/runs/",
        f"/api/runs/{run.pk}/",
        f"/api/runs/{run.pk}/problems/",
    ):
        assert (stranger.get(place).status_code, visitor.get(place).status_code) == (404, 401)
    _token, key = services.create_token(collection.owner, "reading", "read")
    reading = APIClient(headers={"authorization": f"Bearer {key}"})
    assert reading.get(f"/api/sources/{source.pk}/").status_code == 200
    assert reading.post(f"/api/sources/{source.pk}/run/").status_code == 403
    assert send(reading, collection).status_code == 403


def test_lists_take_the_same_queries_for_one_and_for_three(
    api, collection, folder, django_assert_max_num_queries
):
    counts = []
    for count in (1, 2):
        for number in range(count):
            made = service.create_source(
                collection, "folder", f"{count}-{number}", {"path": str(folder)}
            )
            for _time in range(count):
                run = service.request_run(made)
                service.cancel_run(run)
                RunProblem.objects.create(run=run, external_id="a", outcome="failed", reason="b")
        found = []
        for place in (
            f"/api/collections/{collection.pk}/sources/",
            f"/api/sources/{made.pk}/runs/",
            f"/api/runs/{run.pk}/problems/",
        ):
            with django_assert_max_num_queries(5) as context:
                assert api.get(place).status_code == 200
            found.append(len(context))
        counts.append(found)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("model", ["source", "run", "runproblem", "upload", "quota"])
def test_admin_lists_and_pages(
    client, api, collection, source, model, django_assert_max_num_queries
):
    run = service.request_run(source)
    RunProblem.objects.create(run=run, external_id="a", outcome="failed", reason="b")
    send(api, collection)
    quota = Quota.objects.create(user=collection.owner, max_bytes=5)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    rows = {"source": source, "run": run, "quota": quota, "upload": Upload.objects.get()}
    row = rows.get(model) or RunProblem.objects.get()
    with django_assert_max_num_queries(10):
        page = client.get(reverse(f"admin:collections_app_{model}_changelist"))
    assert page.context["cl"].result_count == 1
    change = reverse(f"admin:collections_app_{model}_change", args=[row.pk])
    assert client.get(change).status_code == 200


def test_admin_sets_a_quota_of_one(client, collection):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    place = reverse("admin:collections_app_quota_add")
    data = {"user": collection.owner.pk, "collection": collection.pk, "max_bytes": "5"}
    assert "Choose either a user or a collection." in client.post(place, data).content.decode()
    assert client.post(place, data | {"collection": ""}).status_code == 302
    assert Quota.objects.get().max_bytes == 5
