"""What landed near one's interests, by e-mail: one letter a day, each document in one letter."""

import logging
from collections import defaultdict
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import ngettext

from search_app.interests import can_mail
from search_app.models import Interest, InterestMatch

logger = logging.getLogger(__name__)

MOST = 100  # documents in one letter; the others come with the next


def send() -> int:
    """Write to everyone who wants it and for whom there is something; how many letters went."""
    if not can_mail():
        return 0
    users = User.objects.filter(is_active=True, interests__email=True).exclude(email="")
    return sum(_write(user) for user in users.distinct().order_by("pk"))


def _write(user: User) -> bool:
    """Marked as mailed before it goes: a worker that dies in between loses a letter, which the
    pages and the feed make up for, and never writes twice."""
    found = _taken(user)
    if not found:
        return False
    by_interest: dict[Interest, list[InterestMatch]] = defaultdict(list)
    for one in found:
        by_interest[one.interest].append(one)
    with translation.override(settings.LANGUAGE_CODE):
        subject = ngettext(
            "%d new document near what you follow",
            "%d new documents near what you follow",
            len(found),
        )
        about = {"interests": dict(by_interest), "site": settings.SITE_URL.rstrip("/")}
        text = render_to_string("search_app/digest.txt", about)
        try:
            send_mail(subject % len(found), text, None, [user.email])
        except (OSError, SMTPException) as error:
            logger.warning("No digest could be sent to user %d: %s", user.pk, error)
            InterestMatch.objects.filter(pk__in=[one.pk for one in found]).update(mailed=None)
            return False
    return True


@transaction.atomic
def _taken(user: User) -> list[InterestMatch]:
    """What is to be told, marked as told; of what the user may see now."""
    rows = InterestMatch.objects.filter(
        interest__owner=user, interest__email=True, mailed=None
    ).readable()
    ids = list(
        rows.select_for_update(of=("self",), skip_locked=True)
        .order_by("found", "pk")
        .values_list("pk", flat=True)[:MOST]
    )
    InterestMatch.objects.filter(pk__in=ids).update(mailed=timezone.now())
    taken = InterestMatch.objects.filter(pk__in=ids).select_related("interest", "document")
    long = ("document__text", "document__body", "document__metadata")
    return list(taken.defer(*long).order_by("interest", "-score", "pk"))
