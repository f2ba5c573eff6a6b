"""The admin of content: lists, links, actions, deleting, and models that are tried first."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from collections_app import ingest, probes
from collections_app.encoders import Verdict
from collections_app.models import (
    ApiToken,
    Blob,
    Collection,
    Document,
    EmbeddingModel,
    Passage,
    Vector,
)
from collections_app.services import NamedPath, add_files, create_token, default_model
from collections_app.signals import documents_deleting
from tests.factories import (
    CollectionFactory,
    DocumentFactory,
    EmbeddingModelFactory,
    UserFactory,
    embedded,
)
from tests.keywords import postings

pytestmark = pytest.mark.django_db

LISTED = ["collection", "document", "passage", "vector", "embeddingmodel", "blob", "apitoken"]


@pytest.fixture
def admin(client):
    admin = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(admin)
    return admin


def place(name, page="changelist", *args):
    app = "auth" if name == "user" else "collections_app"
    return reverse(f"admin:{app}_{name}_{page}", args=args)


def act(client, name, action, rows, **extra):
    data = {"action": action, "_selected_action": [row.pk for row in rows]} | extra
    return client.post(place(name), data, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def listed(client, name, **query):
    return list(client.get(place(name), query).context["cl"].result_list)


def fill(path, number):
    """A row or more of everything that is listed."""
    file = path / f"{number}.txt"
    file.write_text(f"Words of file {number}.")
    collection = CollectionFactory(embedding_model__name=f"model {number}")
    add_files(collection, [NamedPath(file, file.name)])
    create_token(collection.owner, "token", "read")
    ingest.run()


@pytest.mark.parametrize("name", [*LISTED, "user"])
def test_list_takes_the_same_queries_for_one_and_for_three(
    client, admin, media, tmp_path, name, django_assert_max_num_queries
):
    counts = []
    for number in range(3):
        fill(tmp_path, number)
        with django_assert_max_num_queries(12) as context:
            assert client.get(place(name)).status_code == 200
        counts.append(len(context))
    assert counts[0] == counts[2]


@pytest.mark.parametrize("name", [*LISTED, "user"])
def test_page_of_a_row_opens(client, admin, media, tmp_path, name):
    fill(tmp_path, 1)
    for row in listed(client, name):
        assert client.get(place(name, "change", row.pk)).status_code == 200


def test_lists_leave_long_texts_in_the_database(client, admin, django_assert_max_num_queries):
    embedded(CollectionFactory(), {"a": "A quiet morning."})
    for name in ("document", "passage", "vector"):
        with django_assert_max_num_queries(12) as context:
            client.get(place(name))
        read = " ".join(query["sql"] for query in context.captured_queries)
        for column in ('_document"."text"', '_document"."body"', '_passage"."text"', '"embedding"'):
            assert column not in read


def test_lists_link_to_what_belongs_to_a_row(client, admin):
    [document] = embedded(CollectionFactory(), {"a": "Words."})
    DocumentFactory()
    collection, passage = document.collection, document.passages.get()
    page = client.get(place("collection")).content.decode()
    assert f"{place('document')}?collection={collection.pk}" in page
    assert listed(client, "document", collection=collection.pk) == [document]
    page = client.get(place("document", "change", document.pk)).content.decode()
    assert f"{place('passage')}?document={document.pk}" in page
    assert place("collection", "change", collection.pk) in page
    assert listed(client, "passage", document=document.pk) == [passage]
    page = client.get(place("passage")).content.decode()
    assert f"{place('vector')}?passage={passage.pk}" in page
    assert listed(client, "vector", passage=passage.pk) == [passage.vectors.get()]


def test_search_is_by_beginnings(client, admin):
    one = DocumentFactory(external_id="notes/a.md", title="Harbour", text="Boats.")
    DocumentFactory(external_id="other", title="The harbour", text="notes")
    assert listed(client, "document", q="notes/") == [one]
    assert listed(client, "document", q="harb") == [one]
    assert listed(client, "document", q="boats") == []
    assert listed(client, "document", q='the "harbour') == []
    assert listed(client, "collection", q=one.collection.name) == [one.collection]


def test_state_filters_documents(client, admin):
    DocumentFactory()
    aside = DocumentFactory(state="set_aside")
    assert listed(client, "document", state__exact="set_aside") == [aside]


def test_documents_and_what_is_derived_are_not_made_or_changed_here(client, admin, media, tmp_path):
    fill(tmp_path, 1)
    for name in ("document", "passage", "vector", "blob", "apitoken"):
        [row] = listed(client, name)
        assert client.get(place(name, "add")).status_code == 403
        assert client.post(place(name, "change", row.pk), {}).status_code == 403


def test_embedding_again_and_retrying_documents(client, admin):
    ready, other = embedded(CollectionFactory(), {"a": "Words.", "b": "Other."})
    aside = DocumentFactory(state="set_aside", attempts=3)
    assert said(act(client, "document", "retry", [ready, aside])) == ["1 document is queued."]
    assert said(act(client, "document", "reembed", [ready])) == ["1 document is queued."]
    states = dict(Document.objects.values_list("pk", "state"))
    assert states == {ready.pk: "queued", other.pk: "ready", aside.pk: "queued"}


def test_actions_on_collections(client, admin):
    [whole, lacking] = embedded(CollectionFactory(), {"a": "Words.", "b": "Other."})
    aside = DocumentFactory(collection=whole.collection, state="set_aside")
    [elsewhere] = embedded(CollectionFactory(), {"a": "Words."})
    chosen = [whole.collection]

    def queued():
        rows = set(Document.objects.filter(state="queued"))
        Document.objects.filter(pk=aside.pk).update(state="set_aside")
        Document.objects.exclude(pk=aside.pk).update(state="ready")
        return rows

    assert said(act(client, "collection", "check_vectors", chosen)) == ["0 documents are queued."]
    Vector.objects.filter(passage__document=lacking).delete()
    act(client, "collection", "check_vectors", chosen)
    assert queued() == {lacking}
    act(client, "collection", "retry", chosen)
    assert queued() == {aside}
    act(client, "collection", "reembed", chosen)
    assert queued() == {whole, lacking, aside}
    assert elsewhere not in queued()


def test_staff_without_the_right_are_offered_no_action(client):
    DocumentFactory()
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(staff)
    assert client.get(place("document")).context["action_form"] is None
    assert client.get(place("collection")).context["action_form"] is None


def test_deleting_documents_asks_and_takes_everything_along(client, admin, media, tmp_path):
    fill(tmp_path, 1)
    document = Document.objects.get()
    page = act(client, "document", "delete_selected", [document]).content.decode()
    assert str(document) in page
    assert Document.objects.exists()
    told = []
    documents_deleting.connect(receiver := lambda document_ids, **kwargs: told.append(document_ids))
    act(client, "document", "delete_selected", [document], post="yes")
    documents_deleting.disconnect(receiver)
    assert told == [[document.pk]]
    for model in (Document, Passage, Vector):
        assert not model.objects.exists()
    assert not postings()
    assert LogEntry.objects.get().object_repr == str(document)


@pytest.mark.parametrize("name", ["document", "collection", "user"])
def test_delete_page_of_one_row_names_it_and_deletes_through_services(client, admin, name):
    [document] = embedded(CollectionFactory(), {"a": "Words."})
    row = {
        "document": document,
        "collection": document.collection,
        "user": document.collection.owner,
    }[name]
    told = []
    documents_deleting.connect(receiver := lambda document_ids, **kwargs: told.append(document_ids))
    assert str(row) in client.get(place(name, "delete", row.pk)).content.decode()
    client.post(place(name, "delete", row.pk), {"post": "yes"})
    documents_deleting.disconnect(receiver)
    assert told == [[document.pk]]
    assert not type(row).objects.filter(pk=row.pk).exists()
    assert not Vector.objects.exists()


@pytest.mark.parametrize("name", ["collection", "user"])
def test_deleting_several(client, admin, name):
    documents = [embedded(CollectionFactory(), {"a": "Words."})[0] for _ in range(2)]
    kept = embedded(CollectionFactory(), {"a": "Words."})[0]
    rows = [one.collection if name == "collection" else one.collection.owner for one in documents]
    page = act(client, name, "delete_selected", rows).content.decode()
    assert all(str(row) in page for row in rows)
    act(client, name, "delete_selected", rows, post="yes")
    assert list(Document.objects.all()) == [kept]
    assert Vector.objects.count() == 1


def test_confirmation_of_many_names_the_first_and_counts_the_rest(client, admin):
    collection = CollectionFactory()
    rows = [DocumentFactory(collection=collection, title=f"Title {n:02}") for n in range(25)]
    page = act(client, "document", "delete_selected", rows).content.decode()
    assert page.count("Title ") == 20
    assert "… and 5 more" in page


def test_collection_made_here_and_its_fixed_choices(client, admin):
    values = {"owner": admin.pk, "name": "Notes", "visibility": "private", "language": "german"}
    values |= {"description": "", "embedding_model": EmbeddingModelFactory().pk}
    client.post(place("collection", "add"), values)
    made = Collection.objects.get()
    values |= {"language": "french", "name": "Renamed", "embedding_model": default_model().pk}
    client.post(place("collection", "change", made.pk), values)
    made.refresh_from_db()
    assert (made.name, made.language, made.embedding_model.name) == ("Renamed", "german", "fake")


def test_a_collection_made_here_needs_a_model_that_can_be_used(client, admin):
    broken = EmbeddingModelFactory(name="broken", state="failed")
    page = client.get(place("collection", "add")).text
    assert "all-MiniLM-L6-v2 · 384 numbers" in page
    assert "broken" not in page
    values = {"owner": admin.pk, "name": "Notes", "visibility": "private", "language": "german"}
    response = client.post(place("collection", "add"), values | {"embedding_model": broken.pk})
    assert "broken failed its probe" in response.text
    assert not Collection.objects.exists()


MODEL = {
    "precision": "auto",
    "name": "new",
    "backend": "fake",
    "ref": "fake",
    "dimension": 64,
    "token_limit": 64,
    "price_per_million_tokens": 0,
    "normalised": "on",
}


def test_models_are_registered_on_their_own_pages(client, admin):
    response = client.get(place("embeddingmodel", "add"))
    assert (response.status_code, response.url) == (302, "/models/new/")


def test_a_model_that_is_changed_is_probed_before_it_is_taken(client, admin):
    model = EmbeddingModelFactory()
    url = place("embeddingmodel", "change", model.pk)
    client.post(url, MODEL | {"ref": "/nowhere/model", "backend": "sentence-transformers"})
    model.refresh_from_db()
    assert (model.name, model.state, model.probes.get().state) == ("new", "waiting", "queued")
    probes.work()
    model.refresh_from_db()
    assert (model.state, model.dimension) == ("failed", 256)
    response = act(client, "embeddingmodel", "make_default", [model])
    assert "/nowhere/model" in said(response)[-1]


def test_what_decides_the_vectors_is_fixed_once_there_are_some(client, admin):
    model = EmbeddingModelFactory()
    url = place("embeddingmodel", "change", model.pk)
    client.post(url, MODEL | {"token_limit": 32})
    CollectionFactory(embedding_model=model)
    client.post(url, MODEL | {"token_limit": 48, "query_prefix": "query: "})
    model.refresh_from_db()
    assert (model.token_limit, model.query_prefix) == (32, "query: ")


def test_default_model_is_changed_by_an_action(client, admin):
    before, after = default_model(), EmbeddingModelFactory()
    assert said(act(client, "embeddingmodel", "make_default", [before, after])) == [
        "Choose one model."
    ]
    response = act(client, "embeddingmodel", "make_default", [after])
    assert said(response) == ["New collections get fake."]
    assert list(EmbeddingModel.objects.filter(is_default=True)) == [after]


def test_model_in_use_cannot_be_deleted(client, admin):
    used, free = CollectionFactory().embedding_model, EmbeddingModelFactory(name="free")
    url = place("embeddingmodel", "delete", used.pk)
    assert "fake, which collections use" in client.get(url).content.decode()
    client.post(url, {"post": "yes"})
    act(client, "embeddingmodel", "delete_selected", [used, free], post="yes")
    assert set(EmbeddingModel.objects.all()) == {used, free}
    act(client, "embeddingmodel", "delete_selected", [free], post="yes")
    assert list(EmbeddingModel.objects.all()) == [used]


def test_token_is_revoked_here(client, admin):
    token, key = create_token(UserFactory(), "backup", "read")
    page = client.get(place("apitoken", "change", token.pk)).content.decode()
    assert token.digest not in page
    assert key not in page
    client.post(place("apitoken", "delete", token.pk), {"post": "yes"})
    assert not ApiToken.objects.exists()


def test_user_is_changed_as_ever(client, admin):
    user = UserFactory()
    assert client.get(place("user", "change", user.pk)).status_code == 200
    assert client.get(place("user", "add")).status_code == 200
    assert listed(client, "user", q=user.username) == [user]
    assert User.objects.count() == 2


def test_file_is_found_by_the_beginning_of_its_digest(client, admin, media, tmp_path):
    fill(tmp_path, 1)
    fill(tmp_path, 2)
    blob = Blob.objects.first()
    assert listed(client, "blob", q=blob.sha256[:10]) == [blob]
    [document] = listed(client, "document", blob=blob.sha256)
    assert document.blob == blob


def test_a_model_says_what_runs_it_and_how_near_it_is(client, admin, monkeypatch):
    page = place("embeddingmodel", "change", default_model().pk)
    monkeypatch.setattr(
        "collections_app.vectors.report",
        lambda model: Verdict("openvino", "auto", 0.99998, 0.99991, 0.996, "2026-11-24"),
    )
    body = client.get(page).content.decode()
    assert "cosine 0.99998 on average, 0.99991 at least; 99.6% of the ten nearest kept" in body
    monkeypatch.setattr(
        "collections_app.vectors.report",
        lambda model: Verdict("torch", "auto", refused="its transformer is of the type t5"),
    )
    assert "torch: its transformer is of the type t5" in client.get(page).content.decode()


def test_the_page_of_a_new_model_compares_nothing(client, admin):
    assert client.get(place("embeddingmodel", "add")).status_code == 302
