"""How much one user, or one collection, may hold, where it is not what the settings say."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from collections_app.models.content import Collection


class Quota(models.Model):
    """A limit of one user or of one collection. None: as the settings have it; 0: no limit."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="quota",
        verbose_name=_("user"),
    )
    collection = models.OneToOneField(
        Collection,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="quota",
        verbose_name=_("collection"),
    )
    max_bytes = models.PositiveBigIntegerField(
        _("most bytes"),
        null=True,
        blank=True,
        help_text=_("Empty: for a user as QUOTA_BYTES says, for a collection none. 0: no limit."),
    )
    max_documents = models.PositiveIntegerField(
        _("most documents"),
        null=True,
        blank=True,
        help_text=_(
            "Empty: for a user as QUOTA_DOCUMENTS says, for a collection none. 0: no limit."
        ),
    )

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None) ^ Q(collection=None),
                name="quota_of_one",
                violation_error_message=_("Choose either a user or a collection."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user or self.collection)
