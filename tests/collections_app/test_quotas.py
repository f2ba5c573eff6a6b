"""Quotas: what a user and a collection may hold, counted, shown and enforced."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from collections_app import ingest, quotas, services
from collections_app.models import Quota
from collections_app.services import Incoming
from tests.factories import CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(media):
    return CollectionFactory()


def add(collection, **texts):
    return services.add_documents(collection, [Incoming(k, body=v) for k, v in texts.items()])


def ids(collection):
    return list(collection.documents.order_by("pk").values_list("external_id", flat=True))


def test_texts_and_files_count_with_their_bytes_before_and_after_embedding(collection):
    add(collection, a="Äh, words.")  # 11 bytes
    services.add_files(collection, [SimpleUploadedFile("b.txt", b"x" * 20)])
    counted = quotas.of_user(collection.owner_id)
    assert (counted.bytes, counted.documents, counted.limited) == (31, 2, False)
    ingest.run()
    assert quotas.of_user(collection.owner_id) == counted
    assert quotas.of_collection(collection).bytes == 31


def test_counts_are_of_one_user_and_one_collection(collection):
    add(collection, a="12345")
    add(CollectionFactory(owner=collection.owner), a="123")
    add(CollectionFactory(), a="1")
    user, one = quotas.of_user(collection.owner_id), quotas.of_collection(collection)
    assert (user.bytes, user.documents) == (8, 2)
    assert (one.bytes, one.documents) == (5, 1)


def test_without_limits_nothing_is_counted(collection, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert quotas.admit(collection, {"a": 10**12}) == {}


@pytest.mark.parametrize("over", ["setting", "user", "collection"])
def test_what_does_not_fit_is_a_problem_and_what_fits_goes_in(collection, settings, over):
    if over == "setting":
        settings.QUOTA_BYTES = 10
    else:
        target = collection.owner if over == "user" else collection
        Quota.objects.create(**{over: target}, max_bytes=10)
    result = add(collection, a="1234", b="12345678", c="123456")
    assert ids(collection) == ["a", "c"]
    [problem] = result.problems
    assert problem.external_id == "b"
    whose = "this collection" if over == "collection" else "your documents"
    assert problem.message.replace("\xa0", " ").startswith(
        f"There is not enough room: {whose} may take 10 bytes"
    )


def test_documents_are_limited_too(collection, settings):
    settings.QUOTA_DOCUMENTS = 2
    result = add(collection, a="1", b="2", c="3")
    assert ids(collection) == ["a", "b"]
    assert [one.message for one in result.problems] == [
        "You may have 2 documents and have 2; this is 1 more. "
        "Delete some, or ask the administrator for more."
    ]


def test_override_goes_before_the_setting_and_zero_is_no_limit(collection, settings):
    settings.QUOTA_DOCUMENTS = 1
    quota = Quota.objects.create(user=collection.owner, max_documents=0)
    assert add(collection, a="1", b="2").problems == []
    quota.max_documents = None
    quota.save()
    assert len(add(collection, c="3").problems) == 1


def test_over_the_limit_what_shrinks_or_stays_still_goes_in(collection, settings):
    add(collection, a="12345", b="12345")
    settings.QUOTA_BYTES = settings.QUOTA_DOCUMENTS = 1
    result = add(collection, a="12", b="12345", c="1")
    assert (len(result.changed), len(result.unchanged)) == (1, 1)
    assert [one.external_id for one in result.problems] == ["c"]


def test_items_of_one_call_share_the_room(collection, settings):
    settings.QUOTA_BYTES = 10
    result = add(collection, **{f"n{n}": "123" for n in range(5)})
    assert (len(result.added), len(result.problems)) == (3, 2)


def test_editing_needs_room_too(collection, settings):
    add(collection, a="12345")
    settings.QUOTA_BYTES = 8
    document = collection.documents.get()
    with pytest.raises(services.Rejected, match="not enough room"):
        services.edit_document(document, body="123456789")
    services.edit_document(document, body="12345678")
    assert collection.documents.get().source_text == "12345678"


def test_same_file_twice_is_one_document_with_a_note(collection):
    files = [SimpleUploadedFile("a.txt", b"Words.") for _ in range(2)]
    result = services.add_files(collection, files)
    assert (ids(collection), result.problems) == (["a.txt"], [])
    assert [one.message for one in result.notes] == [
        "The same file came twice; it is one document."
    ]
    again = services.add_files(collection, [SimpleUploadedFile("a.txt", b"Words.")])
    assert [(one.external_id, one.message) for one in again.notes] == [
        ("a.txt", "This file is here already, unchanged; it is one document.")
    ]
    assert services.add_files(collection, [SimpleUploadedFile("b.txt", b"Words.")]).notes == []
    assert ids(collection) == ["a.txt", "b.txt"]


def test_quota_is_of_a_user_or_of_a_collection(collection):
    for both in ({}, {"user": UserFactory(), "collection": collection}):
        with pytest.raises(ValidationError, match="either a user or a collection"):
            Quota(**both).full_clean()


def test_usage_is_told_to_the_owner_alone(collection, client, settings, django_assert_num_queries):
    settings.QUOTA_DOCUMENTS = 5
    Quota.objects.create(collection=collection, max_bytes=10)
    add(collection, a="1234")
    place = f"/api/collections/{collection.pk}/usage/"
    assert client.get(place).status_code == client.get("/api/usage/").status_code == 401
    client.force_login(UserFactory())
    assert client.get(place).status_code == 404
    client.force_login(collection.owner)
    answer = client.get(place, {"bytes": 7, "documents": 1}).json()
    used = {"bytes": 4, "documents": 1}
    assert answer["collection"] == used | {"most_bytes": 10, "most_documents": 0}
    assert answer["user"] == used | {"most_bytes": 0, "most_documents": 5}
    assert "this collection may take" in answer["refusal"]
    assert client.get(place).json()["refusal"] == ""
    assert client.get(place, {"bytes": -1}).status_code == 400
    with django_assert_num_queries(5):
        assert client.get("/api/usage/").json() == answer["user"]


def test_files_are_asked_about_before_any_is_sent(collection, client, settings):
    settings.QUOTA_BYTES, settings.MAX_UPLOAD_BYTES = 10, 100
    add(collection, **{"notes/a.txt": "12345678"})
    client.force_login(collection.owner)
    sizes = {"/notes/a.txt": 9, "b.txt": 1, "c.txt": 1, "huge.txt": 101}
    place = f"/api/collections/{collection.pk}/usage/"
    answer = client.post(place, {"sizes": sizes}, content_type="application/json").json()
    assert sorted(answer["refused"]) == ["c.txt", "huge.txt"]
    assert answer["refused"]["huge.txt"].startswith("The file is too large")
    assert answer["refused"]["c.txt"].startswith("There is not enough room")


def test_pages_show_the_room_where_there_is_a_limit(collection, client, settings):
    client.force_login(collection.owner)
    places = ("/c/", f"/c/{collection.pk}/add/")
    add(collection, a="1234")
    for place in places:
        assert "of 10 documents" not in client.get(place).content.decode()
    settings.QUOTA_DOCUMENTS = 10
    Quota.objects.create(collection=collection, max_bytes=8)
    for place in places:
        page = client.get(place).content.decode()
        assert "1 of 10 documents" in page
        assert '<progress class="progress" max="10" value="1"' in page
    assert '<progress class="progress" max="8" value="4"' in page
