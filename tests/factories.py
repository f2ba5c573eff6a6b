"""Rows for tests. Collections use the fake embedding model unless a test says otherwise."""

import hashlib

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from collections_app import ingest
from collections_app.models import Collection, Document, EmbeddingModel
from collections_app.services import Incoming, add_documents, default_model

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory):
    """An ordinary account whose password is `PASSWORD`."""

    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.django.Password(PASSWORD)


class EmbeddingModelFactory(DjangoModelFactory):
    """The fake model: no weights; texts with common words get similar vectors."""

    class Meta:
        model = EmbeddingModel
        django_get_or_create = ("name",)

    name = "fake"
    backend = EmbeddingModel.Backend.FAKE
    ref = "fake"
    dimension = 256
    token_limit = 64


class CollectionFactory(DjangoModelFactory):
    """A private collection under the fake model."""

    class Meta:
        model = Collection

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Collection {n}")
    embedding_model = factory.SubFactory(EmbeddingModelFactory)

    class Params:
        public = factory.Trait(visibility=Collection.Visibility.PUBLIC)
        real = factory.Trait(embedding_model=factory.LazyFunction(default_model))


class DocumentFactory(DjangoModelFactory):
    """A ready document with text but no passages; `embedded` makes searchable ones."""

    class Meta:
        model = Document

    collection = factory.SubFactory(CollectionFactory)
    external_id = factory.Sequence(lambda n: f"document-{n}")
    title = factory.Sequence(lambda n: f"Document {n}")
    text = "A quiet morning in the harbour."
    content_hash = factory.LazyAttribute(
        lambda document: hashlib.sha256(document.text.encode()).hexdigest()
    )
    state = Document.State.READY


def embedded(collection: Collection, texts: dict[str, str], **fields: str) -> list[Document]:
    """Add `{id: text}` and work until each is ready; `fields` go to every `Incoming`.

    Returns the documents in the order given.
    """
    result = add_documents(
        collection, [Incoming(external_id=key, body=text, **fields) for key, text in texts.items()]
    )
    assert result.problems == []
    ingest.run()
    rows = collection.documents.filter(external_id__in=texts)
    documents = {row.external_id: row for row in rows}
    failed = {key: row.error for key, row in documents.items() if row.state != "ready"}
    assert failed == {}
    return [documents[key] for key in texts]
