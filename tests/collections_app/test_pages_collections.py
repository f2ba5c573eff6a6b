"""Collections on the pages: the list, one's documents and progress, making, changing, deleting."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from collections_app import services
from collections_app.models import Collection, Document
from tests.factories import CollectionFactory, DocumentFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


@pytest.fixture
def collection(user):
    return CollectionFactory(owner=user)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def queries(client, url, captured):
    client.get(url)  # the session and the content types are warm
    with captured as context:
        assert client.get(url).status_code == 200
    return len(context)


def test_list_counts_documents_and_marks_private_ones(client, user):
    one, other = CollectionFactory(owner=user), CollectionFactory(public=True)
    for _ in range(2):
        DocumentFactory(collection=one)
    response = client.get(reverse("collections"))
    assert {row.pk: row.size for row in response.context["page"]} == {one.pk: 2, other.pk: 0}
    page = response.content.decode()
    assert (page.count("private</span>"), page.count("public</span>")) == (1, 1)


def test_empty_list_leads_on(client):
    assert reverse("login") in client.get(reverse("collections")).content.decode()
    client.force_login(UserFactory())
    assert reverse("collection_new") in client.get(reverse("collections")).content.decode()


def test_list_takes_the_same_queries_for_one_and_for_three(
    client, user, django_assert_max_num_queries
):
    DocumentFactory(collection__owner=user)
    one = queries(client, reverse("collections"), django_assert_max_num_queries(10))
    for _ in range(2):
        DocumentFactory(collection__owner=user)
    assert queries(client, reverse("collections"), django_assert_max_num_queries(10)) == one


@pytest.mark.parametrize("state", ["ready", "queued", "set_aside"])
def test_page_takes_the_same_queries_for_one_and_for_three(
    client, collection, state, django_assert_max_num_queries
):
    DocumentFactory(collection=collection, state=state)
    url = collection.get_absolute_url()
    one = queries(client, url, django_assert_max_num_queries(12))
    for _ in range(2):
        DocumentFactory(collection=collection, state=state)
    assert queries(client, url, django_assert_max_num_queries(12)) == one


def test_documents_are_filtered_by_state_newest_first(client, collection):
    ready, waiting = DocumentFactory(collection=collection), DocumentFactory(collection=collection)
    Document.objects.filter(pk=waiting.pk).update(state="queued")
    url = collection.get_absolute_url()
    assert list(client.get(url).context["page"]) == [waiting, ready]
    assert list(client.get(url, {"state": "queued"}).context["page"]) == [waiting]
    assert list(client.get(url, {"state": "nonsense"}).context["page"]) == [waiting, ready]
    empty = client.get(url, {"state": "set_aside"})
    assert "No documents in this state" in empty.content.decode()


def test_pages_out_of_range_show_the_last(client, collection):
    documents = [DocumentFactory(collection=collection) for _ in range(51)]
    url = collection.get_absolute_url()
    assert list(client.get(url, {"page": "99"}).context["page"]) == documents[:1]
    assert len(client.get(url, {"page": "x"}).context["page"]) == 50


def test_empty_collection_says_what_to_do(client, collection):
    page = client.get(collection.get_absolute_url()).content.decode()
    assert "Nothing in here yet" in page
    assert reverse("documents_add", args=[collection.pk]) in page


def test_titles_and_descriptions_are_shown_as_text(client, collection):
    Collection.objects.update(name="<i>N</i>", description="<script>d</script>")
    DocumentFactory(collection=collection, title="<script>t</script>", external_id="<u>e</u>")
    page = client.get(collection.get_absolute_url()).content.decode()
    for bad in ("<i>N", "<script>d", "<script>t", "<u>e"):
        assert bad not in page


def test_progress_polls_while_documents_wait_and_then_shows_the_list(client, collection):
    url = reverse("collection_progress", args=[collection.pk])
    services.add_documents(collection, [services.Incoming("a", body="Words.")])
    response = client.get(url, headers={"hx-request": "true"})
    assert 'hx-trigger="every 2s' in response.content.decode()
    assert "HX-Trigger-After-Settle" not in response
    assert 'max="1" value="0"' in response.content.decode()
    Document.objects.update(state="ready", ready_at=timezone.now())
    response = client.get(url, headers={"hx-request": "true"})
    assert response["HX-Trigger-After-Settle"] == "documents-settled"
    assert "every 2s" not in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "<html" not in response.content.decode()


def test_progress_numbers_above_a_thousand_stay_numbers(client, collection):
    documents = [
        Document(collection=collection, external_id=str(n), content_hash="") for n in range(1234)
    ]
    Document.objects.bulk_create(documents)
    page = client.get(reverse("collection_progress", args=[collection.pk])).content.decode()
    assert 'max="1234" value="0"' in page
    assert "0 of 1,234 ready" in page


def test_visitor_sees_no_failures(client):
    failed = DocumentFactory(collection__public=True, state="set_aside", error="It failed.")
    assert "It failed." not in client.get(failed.collection.get_absolute_url()).content.decode()


def test_retry_puts_back_what_was_set_aside(client, collection):
    for state in ("set_aside", "set_aside", "ready"):
        DocumentFactory(collection=collection, state=state)
    response = client.post(reverse("collection_retry", args=[collection.pk]))
    assert said(response) == ["2 documents will be tried again."]
    states = list(collection.documents.order_by("pk").values_list("state", flat=True))
    assert states == ["queued", "queued", "ready"]


def test_reembed_puts_everything_back(client, collection):
    embedded(collection, {"a": "One.", "b": "Two."})
    response = client.post(reverse("collection_reembed", args=[collection.pk]))
    assert said(response) == ["2 documents will be embedded again."]
    assert set(collection.documents.values_list("state", "revision")) == {("queued", 2)}


def test_new_collection_leads_to_adding_content(client, user):
    data = {"name": " Notes ", "visibility": "private", "language": "english"}
    response = client.post(reverse("collection_new"), data)
    made = Collection.objects.get()
    assert response["Location"] == reverse("documents_add", args=[made.pk])
    assert (made.name, made.owner, made.embedding_model.is_default) == ("Notes", user, True)


def test_name_is_unique_per_owner(client, collection):
    CollectionFactory(name="Theirs")
    data = {"name": collection.name, "visibility": "private", "language": "english"}
    response = client.post(reverse("collection_new"), data)
    message = f"You have a collection named “{collection.name}” already."
    assert response.context["form"].non_field_errors() == [message]
    assert client.post(reverse("collection_new"), data | {"name": "Theirs"}).status_code == 302
    edit = reverse("collection_edit", args=[collection.pk])
    response = client.post(edit, data | {"name": "Theirs"})
    message = "You have another collection with this name."
    assert response.context["form"].errors["name"] == [message]


def test_edit_leaves_language_and_model_alone(client, collection):
    before = (collection.language, collection.embedding_model_id)
    data = {"name": "New name", "description": "D", "visibility": "public", "language": "german"}
    response = client.post(
        reverse("collection_edit", args=[collection.pk]), data | {"embedding_model": 99}
    )
    assert response.status_code == 302
    collection.refresh_from_db()
    assert (collection.name, collection.visibility) == ("New name", "public")
    assert (collection.language, collection.embedding_model_id) == before


def test_delete_needs_the_name(client, collection):
    DocumentFactory(collection=collection)
    url = reverse("collection_delete", args=[collection.pk])
    assert "its 1 document go" in client.get(url).content.decode()
    response = client.post(url, {"name": collection.name.lower()})
    assert response.context["form"].errors["name"] == ["This is not the name of the collection."]
    assert Collection.objects.exists()
    assert client.post(url, {"name": collection.name})["Location"] == reverse("collections")
    assert not Collection.objects.exists()
    assert not Document.objects.exists()
