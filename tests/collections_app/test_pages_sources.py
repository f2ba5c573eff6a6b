"""Sources and runs on the pages: made, changed, run, watched, asked about, deleted."""

import sqlite3

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from collections_app import sources as running
from collections_app.models import Run, RunProblem, Source
from collections_app.services import sources as service
from collections_app.sources.secrets import unseal
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(client, media):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    return collection


@pytest.fixture
def folder(settings, tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in "abcdefgh":
        (folder / f"{name}.md").write_text(f"# Note {name}\n\nWords of {name}.")
    settings.SOURCE_ROOTS = [str(tmp_path)]
    return folder


@pytest.fixture
def source(collection, folder):
    return service.create_source(collection, "folder", "Notes", {"path": str(folder)})


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def work():
    running.work(20, lambda: None)


def post(client, address, *args, **data):
    return client.post(reverse(address, args=args), data)


def test_every_kind_that_can_be_chosen_has_its_form(client, collection):
    page = client.get(reverse("source_kinds", args=[collection.pk])).content.decode()
    for kind in set(Source.Kind) - {Source.Kind.FILE}:
        place = reverse("source_new", args=[collection.pk, kind])
        assert place in page
        assert client.get(place).status_code == 200
    for kind in ("file", "nonsense"):
        assert client.get(reverse("source_new", args=[collection.pk, kind])).status_code == 404


def test_columns_of_a_query_are_chosen_and_chosen_anew(client, collection, folder):
    path = folder / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (sku, name, about, price)")
        database.execute("INSERT INTO t VALUES ('a', 'Lamp', 'It lights the room', 12)")
    database.close()
    place = reverse("source_new", args=[collection.pk, "sqlite"])
    data = {"name": "Shop", "path": str(path), "query": "SELECT * FROM t", "every": ""}
    data["media_type"] = "text/plain"
    columns = {"id_column": "sku", "title_column": "name", "text_columns": "about, name"}
    wrong = client.post(place, data | columns | {"metadata_columns": "price: money"})
    assert "types are text, number, date" in wrong.content.decode()
    client.post(place, data | columns | {"metadata_columns": "price: number, name"})
    made = Source.objects.get()
    assert made.options["plan"]["metadata_columns"] == {"price": "number", "name": "text"}
    work()
    document = collection.documents.get()
    assert (document.external_id, document.title) == ("a", "Lamp")
    assert (document.source_text, document.metadata) == (
        "It lights the room Lamp",
        {"price": 12, "name": "Lamp"},
    )
    edit = reverse("source_edit", args=[made.pk])
    page = client.get(edit).content.decode()
    assert 'value="about, name"' in page
    assert 'value="name, price: number"' in page
    client.post(edit, data | dict.fromkeys(columns, "") | {"metadata_columns": ""})
    made.refresh_from_db()
    assert made.options["plan"] == {}


def test_form_tells_which_folders_may_be_read(client, collection, settings, tmp_path):
    place = reverse("source_new", args=[collection.pk, "folder"])
    settings.SOURCE_ROOTS = ["/srv/<notes>"]
    assert "/srv/&lt;notes&gt;" in client.get(place).content.decode()
    settings.SOURCE_ROOTS = []
    assert "an administrator names them in SOURCE_ROOTS" in client.get(place).content.decode()


def test_source_is_added_runs_and_is_shown(client, collection, folder):
    place = reverse("source_new", args=[collection.pk, "folder"])
    data = {"name": "Notes", "path": str(folder), "glob": "**/*.md", "every": "60"}
    response = client.post(place, data)
    made = Source.objects.get()
    assert response["Location"] == reverse("run", args=[made.runs.get().pk])
    assert (made.options, made.every_minutes) == (
        {"path": str(folder), "glob": "**/*.md"},
        60,
    )
    work()
    page = client.get(response["Location"]).content.decode()
    assert "<dt>added</dt><dd>8</dd>" in page
    assert "every 2s" not in page
    assert "Notes" in client.get(reverse("sources", args=[collection.pk])).content.decode()
    assert (
        '<td class="num">8</td>' in client.get(reverse("source", args=[made.pk])).content.decode()
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"path": "/etc"}, ""), ({"path": ""}, "This field is required."), ({"name": " "}, "")],
)
def test_source_that_cannot_be_is_refused_on_its_page(client, collection, folder, changes, words):
    data = {"name": "Notes", "path": str(folder), "glob": "*"} | changes
    response = post(client, "source_new", collection.pk, "folder", **data)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert words in response.content.decode()
    assert not Source.objects.exists()


def test_secrets_go_in_and_are_never_shown(client, collection):
    data = {"name": "API", "url": "https://example.com/a", "text": "body", "id": "id"}
    data |= {"paging": "link", "media_type": "text/plain", "page_parameter": "page", "next": "n"}
    data |= {"first_page": "1", "secret_headers": "Authorization: Bearer zyxomma"}
    assert post(client, "source_new", collection.pk, "json_api", **data).status_code == 302
    made = Source.objects.get()
    assert unseal(made.secrets) == {"headers": {"Authorization": "Bearer zyxomma"}}
    edit = reverse("source_edit", args=[made.pk])
    for place in (edit, reverse("source", args=[made.pk])):
        page = client.get(place).content.decode()
        assert "zyxomma" not in page
        assert made.secrets not in page
    client.post(edit, data | {"secret_headers": "", "name": "New", "metadata": "a, b.c"})
    made.refresh_from_db()
    assert (made.name, made.options["metadata"]) == ("New", ["a", "b.c"])
    assert unseal(made.secrets) == {"headers": {"Authorization": "Bearer zyxomma"}}
    client.post(edit, data | {"secret_headers": "", "forget": "on"})
    made.refresh_from_db()
    assert made.secrets == ""
    response = client.post(edit, data | {"secret_headers": "no colon"})
    assert "Write each header as" in response.content.decode()


def test_edit_keeps_what_the_form_does_not_show(client, source):
    edit = reverse("source_edit", args=[source.pk])
    form = client.get(edit).context["form"]
    assert form["path"].value() == source.options["path"]
    data = {"name": "Notes", "path": source.options["path"], "glob": "*.md", "every": ""}
    assert client.post(edit, data)["Location"] == reverse("source", args=[source.pk])
    source.refresh_from_db()
    assert (source.options["glob"], source.every_minutes) == ("*.md", None)


def test_run_now_and_not_twice_at_once(client, source):
    response = post(client, "source_run", source.pk)
    assert response["Location"] == reverse("run", args=[source.runs.get().pk])
    again = post(client, "source_run", source.pk)
    assert again["Location"] == reverse("source", args=[source.pk])
    assert said(again) == ["A run of this source is not at its end yet. Wait for it or cancel it."]


def test_progress_polls_until_the_run_is_at_its_end(client, source):
    run = service.request_run(source)
    place = reverse("run_progress", args=[run.pk])
    response = client.get(place, headers={"hx-request": "true"})
    assert 'hx-trigger="every 2s"' in response.content.decode()
    assert "HX-Trigger-After-Settle" not in response
    work()
    response = client.get(place, headers={"hx-request": "true"})
    assert response["HX-Trigger-After-Settle"] == "run-settled"
    assert "every 2s" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "<html" not in response.content.decode()


def test_run_is_paused_resumed_and_cancelled(client, source):
    run = service.request_run(source)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        response = post(client, "run_action", run.pk, action)
        assert response["Location"] == reverse("run", args=[run.pk])
        run.refresh_from_db()
        assert run.state == state
    assert said(post(client, "run_action", run.pk, "pause")) == [
        "Only a run that waits or runs can be paused."
    ]
    assert post(client, "run_action", run.pk, "explode").status_code == 404
    assert client.get(reverse("run_action", args=[run.pk, "pause"])).status_code == 405


def test_deletion_of_more_than_half_is_asked_about(client, collection, source, folder):
    service.request_run(source)
    work()
    for name in "abcdef":
        (folder / f"{name}.md").unlink()
    run = service.request_run(source)
    work()
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "6 documents are no longer in the source. Shall they be removed?" in page
    assert collection.documents.count() == 8
    post(client, "run_action", run.pk, "confirm")
    work()
    run.refresh_from_db()
    assert (run.state, run.removed, collection.documents.count()) == ("done", 6, 2)


def test_problems_are_listed_with_their_reasons_as_text(client, source):
    run = service.request_run(source)
    RunProblem.objects.create(
        run=run, external_id="<b>x</b>", outcome="failed", reason="It <i>broke</i>."
    )
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "It &lt;i&gt;broke&lt;/i&gt;." in page


def test_run_that_does_not_move_says_so(client, source):
    run = service.request_run(source)
    place = reverse("run_progress", args=[run.pk])
    assert "It does not move on." not in client.get(place).content.decode()
    before = timezone.now() - timezone.timedelta(minutes=6)
    Run.objects.update(created=before)
    assert "No worker has taken it yet." in client.get(place).content.decode()
    Run.objects.update(state="running", progressed=before)
    assert "Nothing has come for five minutes." in client.get(place).content.decode()


@pytest.mark.parametrize(("choice", "left"), [("keep", 8), ("delete", 0), ("", 8)])
def test_source_is_deleted_with_or_without_its_documents(client, collection, source, choice, left):
    service.request_run(source)
    work()
    assert (
        "its 8 documents" in client.get(reverse("source_delete", args=[source.pk])).content.decode()
    )
    response = post(client, "source_delete", source.pk, documents=choice)
    assert response["Location"] == reverse("sources", args=[collection.pk])
    assert (Source.objects.count(), collection.documents.count()) == (0, left)


def test_pages_take_the_same_queries_for_one_and_for_three(
    client, collection, folder, django_assert_max_num_queries
):
    counts = []
    for count in (1, 2):
        for number in range(count):
            made = service.create_source(
                collection, "folder", f"{count}-{number}", {"path": str(folder)}
            )
            run = service.request_run(made)
            service.cancel_run(run)
            for _time in range(count):
                RunProblem.objects.create(run=run, external_id="a", outcome="failed", reason="b")
                service.cancel_run(service.request_run(made))
        found = []
        for place in (
            reverse("sources", args=[collection.pk]),
            reverse("source", args=[made.pk]),
            reverse("run", args=[run.pk]),
            reverse("run_progress", args=[run.pk]),
        ):
            client.get(place)
            with django_assert_max_num_queries(9) as context:
                assert client.get(place).status_code == 200
            found.append(len(context))
        counts.append(found)
    assert counts[0] == counts[1]


def test_pages_are_the_owners_alone(client, collection, source):
    run = service.request_run(source)
    client.force_login(UserFactory())
    for name, args in {
        "sources": [collection.pk],
        "source_kinds": [collection.pk],
        "source_new": [collection.pk, "url"],
        "source": [source.pk],
        "source_edit": [source.pk],
        "source_delete": [source.pk],
        "run": [run.pk],
        "run_progress": [run.pk],
    }.items():
        assert client.get(reverse(name, args=args)).status_code == 404, name
    assert post(client, "source_run", source.pk).status_code == 404
    assert post(client, "run_action", run.pk, "cancel").status_code == 404
    assert post(client, "source_delete", source.pk).status_code == 404
