"""From the queue to ready: what is made, reused, retried and set aside."""

from itertools import pairwise

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from collections_app import ingest, services, vectors
from collections_app.models import Collection, Document, Passage, Vector
from collections_app.pipeline.split import embedded_text
from collections_app.services import Incoming, add_documents
from collections_app.signals import documents_indexed
from tests.factories import CollectionFactory, EmbeddingModelFactory, embedded
from tests.keywords import postings

pytestmark = pytest.mark.django_db

FRONT_MATTER = "---\ntags: [sea]\nyear: 1999\n---\n# Harbour\n\nA quiet morning."


def queue(collection, **texts):
    return add_documents(collection, [Incoming(key, body=text) for key, text in texts.items()])


def states(collection):
    return dict(collection.documents.values_list("external_id", "state"))


def set_not_before_to_now(collection):
    collection.documents.update(not_before=None)


def test_ready_document_has_passages_vectors_and_postings():
    collection = CollectionFactory()
    [document] = embedded(collection, {"a": "Boats lie in the harbour. Boats!"}, title="Sea")
    [passage] = document.passages.all()
    assert passage.text == document.text[passage.start : passage.end]
    assert document.token_count == passage.token_count
    assert (document.attempts, document.claim_token, document.lease_until) == (0, None, None)
    vector = Vector.objects.get()
    assert (vector.passage, vector.content_hash) == (passage, passage.content_hash)
    assert len(vector.embedding) == collection.embedding_model.dimension
    terms = postings()[passage.pk]
    assert (terms["boat"], terms["harbour"], terms["sea"]) == (2, 1, 1)
    assert passage.term_count == sum(terms.values())


def test_body_is_dropped_once_the_text_stands_for_it():
    plain, marked = embedded(
        CollectionFactory(), {"a": "Plain words.", "b": FRONT_MATTER}, media_type="text/markdown"
    )
    assert (plain.body, plain.source_text) == (None, "Plain words.")
    assert (marked.body, marked.source_text) == (FRONT_MATTER, FRONT_MATTER)


def test_title_is_the_given_one_else_the_one_found_else_the_id():
    collection = CollectionFactory()
    items = [
        Incoming("a", body=FRONT_MATTER, media_type="text/markdown", title="Given"),
        Incoming("b", body=FRONT_MATTER, media_type="text/markdown"),
        Incoming("c", body="No heading."),
    ]
    add_documents(collection, items)
    ingest.run()
    assert [document.title for document in collection.documents.all()] == ["Given", "Harbour", "c"]


def test_given_metadata_goes_before_the_front_matter():
    [document] = embedded(
        CollectionFactory(),
        {"a": FRONT_MATTER},
        media_type="text/markdown",
        metadata={"year": 2000},
    )
    assert document.metadata == {"tags": ["sea"], "year": 2000}


def test_edited_front_matter_replaces_the_old(encoder):
    [document] = embedded(CollectionFactory(), {"a": FRONT_MATTER}, media_type="text/markdown")
    services.edit_document(document, body=FRONT_MATTER.replace("1999", "2001"))
    ingest.run()
    document.refresh_from_db()
    assert document.metadata == {"tags": ["sea"], "year": 2001}


def test_passage_prefix_is_part_of_what_is_embedded(encoder):
    model = EmbeddingModelFactory(name="prefixed", passage_prefix="passage: ")
    [document] = embedded(CollectionFactory(embedding_model=model), {"a": "Words."})
    assert encoder.texts == ["passage: " + embedded_text("", "Words.")]
    assert document.state == Document.State.READY


def test_equal_text_is_encoded_once_and_both_rows_stay(encoder):
    one, other = CollectionFactory(), CollectionFactory()
    embedded(one, {"a": "Same words.", "b": "Same words."})
    embedded(other, {"c": "Same words."})
    assert encoder.texts == ["Same words."]
    assert Vector.objects.values("content_hash").distinct().count() == 1
    assert Vector.objects.count() == Passage.objects.count() == 3


def test_equal_text_under_another_model_is_encoded_again(encoder):
    embedded(CollectionFactory(), {"a": "Same words."})
    embedded(
        CollectionFactory(embedding_model=EmbeddingModelFactory(name="b")), {"a": "Same words."}
    )
    assert encoder.texts == ["Same words.", "Same words."]


def test_wake_up_delivered_twice_embeds_nothing_twice(encoder):
    embedded(CollectionFactory(), {"a": "Words."})
    assert ingest.run() == 0
    assert encoder.texts == ["Words."]


def test_reembed_reuses_vectors_and_counts_a_revision(encoder):
    [document] = embedded(CollectionFactory(), {"a": "Words."})
    assert services.reembed(Document.objects.all()) == 1
    ingest.run()
    document.refresh_from_db()
    assert (document.state, document.revision) == ("ready", 2)
    assert encoder.texts == ["Words."]
    assert Vector.objects.count() == 1


def test_bad_document_is_split_off_its_batch(encoder):
    encoder.fails_on = "poison"
    collection = CollectionFactory()
    queue(collection, **{f"d{n}": "poison" if n == 5 else f"Note {n}." for n in range(16)})
    ingest.run(go_on=lambda: False)
    assert states(collection) == {f"d{n}": "queued" if n == 5 else "ready" for n in range(16)}
    bad = collection.documents.get(external_id="d5")
    assert (bad.error, bad.error_stage, bad.attempts) == ("cannot take poison", "embed", 1)
    assert bad.not_before is not None
    assert len(encoder.texts) == 15


def test_failing_document_is_tried_again_later_and_then_set_aside(encoder, settings):
    settings.MAX_ATTEMPTS = 3
    encoder.fails_on = "poison"
    collection = CollectionFactory()
    queue(collection, a="poison")
    waits = []
    for _attempt in range(3):
        assert ingest.run() == 1
        waits.append(collection.documents.get().not_before)
        assert ingest.run() == 0
        set_not_before_to_now(collection)
    assert waits[0] < waits[1]
    document = collection.documents.get()
    assert (document.state, document.attempts, document.error) == (
        "set_aside",
        3,
        "cannot take poison",
    )


def test_retry_gives_a_fresh_start(encoder):
    encoder.fails_on = "poison"
    collection = CollectionFactory()
    queue(collection, a="poison")
    Document.objects.update(attempts=2)
    ingest.run()
    assert states(collection) == {"a": "set_aside"}
    encoder.fails_on = None
    assert services.retry(collection.documents.all()) == 1
    ingest.run()
    document = collection.documents.get()
    assert (document.state, document.error, document.attempts) == ("ready", "", 0)


def test_missing_model_is_noted_on_every_document_and_passes_later():
    model = EmbeddingModelFactory(
        name="absent", backend="sentence-transformers", ref="/nowhere/model"
    )
    collection = CollectionFactory(embedding_model=model)
    queue(collection, a="One.", b="Two.")
    ingest.run(go_on=lambda: False)
    rows = collection.documents.all()
    assert [(row.state, row.attempts, bool(row.error)) for row in rows] == [("queued", 1, True)] * 2


def test_vector_of_zeros_is_refused(encoder):
    collection = CollectionFactory()
    encoder.scale = 0.0
    queue(collection, a="Words.")
    ingest.run()
    document = collection.documents.get()
    assert (document.state, document.error_stage) == ("set_aside", "embed")
    assert document.error == "The model gave a vector of zeros: it knows nothing in this text."


@pytest.mark.django_db(transaction=True)
def test_edit_during_the_work_refuses_the_late_commit(encoder):
    [document] = embedded(CollectionFactory(), {"a": "Old words."})
    services.edit_document(document, body="Second words.")
    encoder.meanwhile = lambda: Document.objects.filter(body="Second words.").update(
        **ingest.requeued(), body="Third words."
    )
    ingest.run(go_on=lambda: False)
    document.refresh_from_db()
    assert (document.state, document.text, document.body) == (
        "queued",
        "Old words.",
        "Third words.",
    )
    ingest.run()
    document.refresh_from_db()
    assert (document.state, document.text, document.revision) == ("ready", "Third words.", 3)
    assert [passage.text for passage in document.passages.all()] == ["Third words."]
    assert Vector.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_document_deleted_during_the_work_leaves_nothing(encoder):
    collection = CollectionFactory()
    queue(collection, a="One.", b="Two.")
    encoder.meanwhile = lambda: services.delete_documents(Document.objects.filter(external_id="a"))
    ingest.run(go_on=lambda: False)
    assert states(collection) == {"b": "ready"}
    assert (Passage.objects.count(), Vector.objects.count()) == (1, 1)


def test_edit_keeps_the_old_passages_until_the_new_ones_commit():
    [document] = embedded(CollectionFactory(), {"a": "Old words."})
    services.edit_document(document, body="New words.")
    assert [passage.text for passage in Passage.objects.all()] == ["Old words."]
    ingest.run()
    assert [passage.text for passage in Passage.objects.all()] == ["New words."]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": " "}, "The text is empty. Give it some words."),
        (
            {"body": "x\x00"},
            "The text has NUL characters in it. Remove them: text files have none.",
        ),
        ({"title": "x" * 501}, "The title is too long: 501 characters, the most is 500."),
        ({"metadata": {"x": float("inf")}}, "The metadata cannot be written as JSON."),
    ],
)
def test_bad_edit_is_refused_and_changes_nothing(changes, message):
    [document] = embedded(CollectionFactory(), {"a": "Words."})
    with pytest.raises(services.Rejected) as refusal:
        services.edit_document(document, **changes)
    assert str(refusal.value) == message
    document.refresh_from_db()
    assert (document.state, document.revision) == ("ready", 1)


def test_edit_that_says_the_same_changes_nothing():
    [document] = embedded(CollectionFactory(), {"a": "Words."})
    services.edit_document(document, title=document.title, body="Words.", metadata={})
    assert (document.state, document.revision) == ("ready", 1)


def test_documents_indexed_is_sent_once_per_collection_and_batch():
    heard = []

    def hear(sender, collection_id, **kwargs):
        heard.append(collection_id)

    documents_indexed.connect(hear)
    try:
        one, other = CollectionFactory(), CollectionFactory()
        queue(one, a="One.", b="Two.")
        queue(other, a="Three.")
        ingest.run()
    finally:
        documents_indexed.disconnect(hear)
    assert heard == [one.pk, other.pk]


def test_long_document_is_embedded_whole():
    text = "\n\n".join(f"Paragraph {n} speaks of boats and of the sea." for n in range(2000))
    [document] = embedded(CollectionFactory(), {"a": text})
    spans = document.passages.values_list("start", "end")
    covered = "".join(document.text[start:end] for start, end in spans)
    assert all(f"Paragraph {n} " in covered for n in range(2000))


def test_check_finds_documents_without_current_vectors():
    collection = CollectionFactory()
    whole, broken, bare = embedded(collection, {"a": "One.", "b": "Two.", "c": "Three."})
    Vector.objects.filter(passage__document=broken).delete()
    Passage.objects.filter(document=bare).delete()
    assert set(ingest.outdated()) == {broken, bare}
    collection.embedding_model = EmbeddingModelFactory(name="next")
    collection.save()
    assert set(ingest.outdated()) == {whole, broken, bare}


def lengths(document):
    return list(document.passages.values_list("token_count", flat=True))


def test_passage_length_and_overlap_of_the_collection_hold():
    text = " ".join(f"Sentence number {n} here." for n in range(60))
    long = embedded(CollectionFactory(), {"a": text})
    short = embedded(CollectionFactory(passage_tokens=24, passage_overlap=0), {"a": text})
    assert max(lengths(long[0])) > 40
    assert max(lengths(short[0])) <= 24
    spans = list(short[0].passages.values_list("start", "end"))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_new_passage_length_splits_again_and_the_old_passages_stay_until_then():
    text = " ".join(f"Sentence number {n} here." for n in range(60))
    collection = CollectionFactory()
    [document] = embedded(collection, {"a": text})
    before = lengths(document)
    assert services.edit_collection(collection, passage_tokens=24) == 1
    assert lengths(document) == before
    ingest.run()
    assert max(lengths(document)) <= 24
    assert services.edit_collection(collection, passage_tokens=24, name="Renamed") == 0
    assert Collection.objects.get().name == "Renamed"


def test_new_passage_length_tries_again_what_was_set_aside(encoder):
    collection = CollectionFactory()
    encoder.scale = 0.0
    queue(collection, a="Words.")
    ingest.run()
    encoder.scale = 1.0
    services.edit_collection(collection, passage_tokens=32)
    ingest.run()
    assert states(collection) == {"a": "ready"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"passage_tokens": 65},
            "The passage length is 65 tokens; this model takes from 16 to 64.",
        ),
        (
            {"passage_tokens": 15},
            "The passage length is 15 tokens; this model takes from 16 to 64.",
        ),
        (
            {"passage_tokens": 40, "passage_overlap": 11},
            "The passage overlap is 11 tokens; the most is 10, a quarter of the length.",
        ),
        (
            {"passage_overlap": 17},
            "The passage overlap is 17 tokens; the most is 16, a quarter of the length.",
        ),
    ],
)
def test_passage_length_out_of_bounds_is_refused_everywhere(client, changes, message):
    collection = CollectionFactory()
    with pytest.raises(services.Rejected) as refusal:
        services.edit_collection(Collection.objects.get(), **changes)
    assert str(refusal.value) == message
    client.force_login(collection.owner)
    form = {"name": collection.name, "visibility": "private"} | changes
    assert message in client.post(reverse("collection_edit", args=[collection.pk]), form).text
    answer = client.patch(
        f"/api/collections/{collection.pk}/", changes, content_type="application/json"
    )
    assert (answer.status_code, message in answer.text) == (400, True)
    assert Collection.objects.filter(passage_tokens=None, passage_overlap=None).exists()


def test_passage_length_is_set_on_the_page_and_in_the_api(client):
    collection = CollectionFactory()
    client.force_login(collection.owner)
    form = {"name": collection.name, "visibility": "private", "passage_tokens": 32}
    client.post(reverse("collection_edit", args=[collection.pk]), form)
    assert Collection.objects.get().passage_tokens == 32
    place = f"/api/collections/{collection.pk}/"
    changes = {"passage_tokens": None, "passage_overlap": 8}
    answer = client.patch(place, changes, content_type="application/json").json()
    assert {name: answer[name] for name in changes} == changes
    row = Collection.objects.get()
    assert (row.passage_tokens, row.passage_overlap) == (None, 8)


PIECES = [
    "# Head\n\n",
    "Words here. ",
    "文字。",
    "वह आया। ",
    "- item\n",
    "x" * 70,
    "\n\n",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=80).map("".join))
@hypothesis_settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_stored_passages_are_the_text_between_their_offsets_and_cover_it(text):
    assume(text.strip())
    collection = CollectionFactory(real=True, passage_tokens=48)
    [document] = embedded(collection, {"a": text}, media_type="text/markdown")
    tokenizer = vectors.tokenizer(collection.embedding_model)
    covered = set()
    for one in document.passages.all():
        assert one.text == document.text[one.start : one.end]
        assert tokenizer.count(embedded_text(one.heading, one.text)) == one.token_count <= 48
        covered.update(range(one.start, one.end))
    assert [i for i, c in enumerate(document.text) if not c.isspace() and i not in covered] == []
