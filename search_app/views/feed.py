"""What landed near an interest, as an Atom feed at an address that only its owner knows.

Whoever has the address reads it without logging in; it holds what the owner may see now.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.models import Passage
from search_app import interests
from search_app.models import Interest, InterestMatch

ENTRIES = 50
EXCERPT = 500  # characters of the nearest passage


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Newest first; 404 for a key that was revoked or never was."""
    interest = interests.by_token(token)
    if interest is None:
        raise Http404
    response = HttpResponse(_written(request, interest), content_type="application/atom+xml")
    response["X-Robots-Tag"] = "noindex"
    set_response_etag(response)
    patch_cache_control(response, private=True, no_cache=True)
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    assert answer is not None  # it was given a response
    return answer


def _written(request: HttpRequest, interest: Interest) -> str:
    matches = list(interests.matches(interest)[:ENTRIES])
    excerpts = _excerpts(matches)
    here = request.build_absolute_uri
    made = Atom1Feed(
        title=interest.name,
        link=here(interest.get_absolute_url()),
        description=_("New near what you follow"),
        feed_url=here(request.path),
        feed_guid=here(interest.get_absolute_url()),
    )
    for one in matches:
        home = one.document.collection
        made.add_item(
            title=_text(str(one.document)),
            link=here(one.get_absolute_url()),
            description=_text(excerpts.get((one.document_id, one.ordinal), "")),
            unique_id=here(reverse("document", args=[one.document_id])),
            updateddate=one.found,
            pubdate=one.found,
            author_name=_text(home.name),
            categories=[_text(home.name)],
        )
    # Atom wants a time of the feed itself; one without entries is as old as the interest.
    made.latest_post_date = lambda: matches[0].found if matches else interest.created  # type: ignore[method-assign]
    return made.writeString("utf-8")


def _excerpts(matches: list[InterestMatch]) -> dict[tuple[int, int], str]:
    rows = Passage.objects.active().filter(document__in=[one.document_id for one in matches])
    wanted = {(one.document_id, one.ordinal) for one in matches}
    rows = rows.filter(ordinal__in={ordinal for _pk, ordinal in wanted})
    return {
        (pk, ordinal): text[:EXCERPT]
        for pk, ordinal, text in rows.values_list("document", "ordinal", "text")
        if (pk, ordinal) in wanted
    }


def _text(text: str) -> str:
    """Without control characters, which XML cannot have."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
