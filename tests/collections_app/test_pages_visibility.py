"""Who gets to see and do what on the pages: private means a 404 for everyone else."""

import pytest
from django.urls import reverse

from collections_app.models import Collection, Document
from tests.factories import CollectionFactory, DocumentFactory, UserFactory

pytestmark = pytest.mark.django_db

READ = ["collection", "collection_progress", "document_file"]
FORMS = ["collection_edit", "collection_delete", "documents_add", "document_edit"]
FORMS += ["document_delete"]
ACTIONS = ["collection_retry", "collection_reembed", "text_add", "document_retry"]
ACTIONS += ["document_reembed"]


def address(name, document):
    return reverse(name, args=[document.pk if "document_" in name else document.collection_id])


def status(client, name, document, *, post=False):
    url = address(name, document)
    return (client.post(url) if post else client.get(url)).status_code


def as_user(client, user):
    client.force_login(user)
    return client


@pytest.fixture
def private():
    return DocumentFactory()


@pytest.fixture
def public():
    return DocumentFactory(collection__public=True)


@pytest.mark.parametrize("name", READ)
def test_private_page_is_the_owners_alone(client, private, name):
    assert status(client, name, private) == 404
    assert status(as_user(client, UserFactory()), name, private) == 404
    assert status(as_user(client, UserFactory(is_superuser=True)), name, private) == 404
    assert status(as_user(client, private.collection.owner), name, private) == 200


@pytest.mark.parametrize("name", READ)
def test_public_page_is_everyones(client, public, name):
    assert status(client, name, public) == 200
    assert status(as_user(client, UserFactory()), name, public) == 200


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_the_owners_alone(client, public, name):
    response = client.get(address(name, public))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))
    assert status(as_user(client, UserFactory()), name, public) == 404
    assert status(as_user(client, public.collection.owner), name, public) == 200


@pytest.mark.parametrize("name", [*FORMS, *ACTIONS])
def test_nobody_else_changes_anything(client, public, name):
    response = client.post(address(name, public))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))
    assert status(as_user(client, UserFactory()), name, public, post=True) == 404
    assert Document.objects.get() == public
    assert Collection.objects.get() == public.collection


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_take_post_only(client, public, name):
    assert status(as_user(client, public.collection.owner), name, public) == 405


def test_list_holds_public_and_own_collections(client):
    user = UserFactory()
    mine, public = CollectionFactory(owner=user), CollectionFactory(public=True)
    CollectionFactory()
    assert listed(client) == {public}
    assert listed(as_user(client, user)) == {mine, public}


def listed(client):
    return set(client.get(reverse("collections")).context["page"])


def test_owner_alone_is_offered_the_ways_to_change(client, public):
    page = client.get(public.collection.get_absolute_url()).content.decode()
    own = as_user(client, public.collection.owner).get(public.collection.get_absolute_url())
    for name in ("collection_edit", "collection_delete", "collection_reembed", "documents_add"):
        assert address(name, public) not in page
        assert address(name, public) in own.content.decode()


def test_forms_need_the_csrf_token(client, public):
    client.handler.enforce_csrf_checks = True
    as_user(client, public.collection.owner)
    for name in ("documents_add", "text_add", "collection_delete", "document_edit"):
        assert status(client, name, public, post=True) == 403
