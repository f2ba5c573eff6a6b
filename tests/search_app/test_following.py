"""Following what is near: what is told, once, to whom, by page, API, feed and e-mail."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collections_app import ingest, services
from collections_app.encoders import ModelMissing
from collections_app.models import ApiToken, Collection, Document
from collections_app.services import Rejected, create_token
from search_app import digests, following, interests, tasks
from search_app.models import Interest, InterestMatch
from search_app.queries import samples
from tests.factories import CollectionFactory, UserFactory, embedded

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def home():
    made = CollectionFactory()
    embedded(made, {"old": "Boats in the harbour.", "bread": "Bread of rye."})
    return made


def follow(home, text="boats harbour", **fields):
    owner = fields.pop("owner", home.owner)
    fields.setdefault("threshold", 0.3)
    return interests.follow(owner, text=text, collection=fields.pop("where", home), **fields)


def compare(interest):
    return following.compare(Interest.objects.get(pk=interest.pk))


def told(interest):
    rows = interests.matches(interest).order_by("document")
    return [one.document.external_id for one in rows]


def test_what_comes_in_near_is_told_and_what_was_there_is_not(home):
    interest = follow(home)
    assert compare(interest) == 0
    embedded(home, {"new": "The boats lie in the harbour.", "rye": "Loaf of rye."})
    assert compare(interest) == 1
    assert told(interest) == ["new"]


def test_nothing_is_told_twice(home):
    interest = follow(home)
    [document] = embedded(home, {"new": "The boats lie in the harbour."})
    assert [compare(interest), compare(interest)] == [1, 0]
    services.edit_document(document, body="Boats again, in the same harbour.")
    ingest.run()
    services.reembed(home.documents.all())
    ingest.run()
    assert compare(interest) == 0
    assert InterestMatch.objects.count() == 1


def test_one_that_was_added_since_is_told_once_its_text_is_near(home):
    interest = follow(home)
    [document] = embedded(home, {"new": "Loaf of rye."})
    assert compare(interest) == 0
    services.edit_document(document, body="The boats lie in the harbour.")
    ingest.run()
    assert compare(interest) == 1


def test_a_document_is_followed(home):
    old = home.documents.get(external_id="old")
    interest = follow(home, "", document=old)
    assert (interest.kind, interest.name) == ("document", "Near “old”")
    embedded(home, {"new": "Boats in a harbour.", "rye": "Loaf of rye."})
    assert compare(interest) == 1
    [match] = interests.matches(interest)
    assert match.document.external_id == "new"
    assert 0.5 < match.score < 1


def test_a_text_is_followed_and_the_nearest_passage_told(home):
    interest = follow(home, "A ship sails at dawn.", kind="text")
    long = "Bread of rye is baked here. " * 12 + "\n\n" + "A ship sails at dawn. " * 12
    embedded(home, {"new": long})
    assert compare(interest) == 1
    [match] = interests.matches(interest)
    passage = match.document.passages.get(ordinal=match.ordinal)
    assert "ship" in passage.text
    assert match.get_absolute_url() == passage.get_absolute_url()


def test_filters_and_syntax_of_a_search_hold(home):
    interest = follow(home, "boats -leaky", filters=["type:markdown"])
    boats = "The boats lie in the harbour."
    embedded(home, {"plain": boats})
    embedded(home, {"leaky": f"Leaky. {boats}", "new": boats}, media_type="text/markdown")
    assert compare(interest) == 1
    assert told(interest) == ["new"]


def test_filters_alone_are_followed(home):
    interest = follow(home, "", filters=["type:markdown"])
    embedded(home, {"plain": "A."})
    embedded(home, {"new": "Whatever."}, media_type="text/markdown")
    compare(interest)
    assert told(interest) == ["new"]


def test_default_threshold_is_the_calibrated_cutoff(home, monkeypatch):
    monkeypatch.setattr(following, "ENOUGH", 3)
    embedded(home, {"both": "Bread in the boats."})
    interest = follow(home, threshold=None)
    places = following.places(interest)
    cutoff = samples.cutoff([home.pk], home.embedding_model)
    assert following.threshold(interest, places) == cutoff
    assert following.threshold(follow(home, threshold=0.7), places) == 0.7


def test_each_place_has_the_cutoff_of_its_own(home):
    """One whose passages are much alike must not lower what counts elsewhere, nor a new one."""
    alike = CollectionFactory(owner=home.owner)
    embedded(alike, {f"a{n}": f"boats boats boats boats {n}" for n in range(following.ENOUGH)})
    many = {f"m{n}": f"word{n} thing{n} matter{n} harbour" for n in range(following.ENOUGH)}
    embedded(home, many)
    interest = follow(home, where=None, threshold=None)
    cutoffs = {one.pk: samples.cutoff([one.pk], one.embedding_model) for one in (home, alike)}
    assert cutoffs[home.pk] < 0.5 < cutoffs[alike.pk]
    fresh = CollectionFactory(owner=home.owner)
    assert samples.cutoff([fresh.pk], fresh.embedding_model) == 0  # learned while it was empty
    far = "Loaf of rye."
    near = "Boats in a harbour."
    for place in (home, alike, fresh):
        embedded(place, {f"far {place.name}": far, f"near {place.name}": near})
    compare(interest)
    assert set(told(interest)) == {f"near {home.name}", f"near {fresh.name}"}


def test_the_first_documents_under_a_model_are_not_all_near():
    home = CollectionFactory()
    interest = follow(home, threshold=None)
    assert compare(interest) == 0
    embedded(home, {"new": "The boats lie in the harbour.", "rye": "Loaf of rye."})
    assert following.threshold(interest, [home]) > 0
    compare(interest)
    assert told(interest) == ["new"]


def test_higher_threshold_tells_less(home):
    low, high = follow(home, threshold=0.1), follow(home, threshold=1.9)
    embedded(home, {"new": "The boats lie in the harbour."})
    assert [compare(low), compare(high)] == [1, 0]


def test_everything_one_may_see_is_looked_at_and_nothing_else(home):
    interest = follow(home, where=None)
    public, private = CollectionFactory(public=True), CollectionFactory()
    for place in (public, private, home):
        embedded(place, {f"in {place.pk}": "The boats lie in the harbour."})
    assert compare(interest) == 2
    assert set(told(interest)) == {f"in {public.pk}", f"in {home.pk}"}


def test_what_became_private_is_told_nowhere(client, settings):
    settings.EMAIL_HOST = "mail.example.org"
    public, reader = CollectionFactory(public=True), UserFactory()
    interest = follow(public, owner=reader, email=True)
    embedded(public, {"zeppelin": "The boats lie in the harbour.", "b": "Boats in a harbour."})
    assert compare(interest) == 2
    client.force_login(reader)
    feed = f"/feeds/{interest.feed_token}.atom"
    etag = client.get(feed)["ETag"]
    assert "zeppelin" in client.get(feed).text
    Collection.objects.update(visibility="private")
    again = client.get(feed, headers={"If-None-Match": etag})
    assert (again.status_code, "zeppelin" in again.text) == (200, False)
    for path in (f"/interests/{interest.pk}/", f"/api/interests/{interest.pk}/matches/"):
        assert "zeppelin" not in client.get(path).text
    assert client.get(f"/api/interests/{interest.pk}/").json()["count"] == 0
    assert digests.send() == 0
    assert mail.outbox == []


def test_what_comes_in_after_it_became_private_is_not_found():
    public, reader = CollectionFactory(public=True), UserFactory()
    interest = follow(public, owner=reader)
    Collection.objects.update(visibility="private")
    embedded(public, {"new": "The boats lie in the harbour."})
    assert compare(interest) == 0


def test_a_document_that_may_not_be_seen_any_more_is_not_followed():
    public, reader = CollectionFactory(public=True), UserFactory()
    mine = CollectionFactory(owner=reader)
    [followed] = embedded(public, {"old": "Boats in the harbour."})
    interest = follow(public, "", owner=reader, document=followed, where=None)
    Collection.objects.filter(pk=public.pk).update(visibility="private")
    embedded(mine, {"new": "Boats in the harbour."})
    assert compare(interest) == 0


def test_worker_compares_after_documents_are_indexed(home):
    interest = follow(home)
    embedded(home, {"new": "The boats lie in the harbour."})
    tasks.compare_interests(home.pk)
    assert told(interest) == ["new"]
    tasks.compare_interest(10**9)  # gone: nothing to do
    tasks.compare_interests(10**9)


def test_receiver_wakes_a_worker_only_where_something_is_followed(home, monkeypatch):
    called = []
    monkeypatch.setattr("search_app.receivers.call", lambda task, *args: called.append(task.name))
    embedded(home, {"a": "A."})
    assert "search_app.tasks.compare_interests" not in called
    follow(home)
    embedded(home, {"b": "B."})
    assert "search_app.tasks.compare_interests" in called


def test_interests_concerned_are_those_that_look_there(home):
    mine, stranger = follow(home), UserFactory()
    everywhere = follow(home, where=None, owner=stranger)
    other = follow(CollectionFactory())
    assert following.concerned(home.pk) == [mine.pk]
    Collection.objects.filter(pk=home.pk).update(visibility="public")
    assert following.concerned(home.pk) == [mine.pk, everywhere.pk]
    assert other.pk not in following.concerned(home.pk)


def test_sweep_knows_which_are_behind(home):
    interest = follow(home)
    long_ago, ahead = timedelta(hours=1), timedelta(hours=2)
    Interest.objects.update(seen=interest.seen + ahead)
    assert following.behind() == []
    Interest.objects.update(seen=interest.seen - long_ago)
    assert following.behind() == [interest.pk]
    with CaptureQueriesContext(connection) as queries:
        following.behind()
    assert len(queries) == 2


def test_where_the_model_is_not_there_it_is_tried_again(home, monkeypatch):
    interest = follow(home)
    embedded(home, {"new": "The boats lie in the harbour."})

    def away(*_):
        raise ModelMissing("It is away.")

    with monkeypatch.context() as patched:
        patched.setattr("collections_app.vectors.embed_query", away)
        assert compare(interest) == 0
        assert Interest.objects.get().seen == interest.seen
    assert compare(interest) == 1


def test_they_go_with_their_document_their_collection_and_their_account(home):
    follow(home, "", document=home.documents.get(external_id="old"), where=None)
    services.delete_documents(home.documents.filter(external_id="old"))
    assert Interest.objects.count() == 0
    follow(home)
    services.delete_collection(home)
    assert Interest.objects.of(home.owner).count() == 0
    assert Interest.objects.count() == 0
    user = UserFactory()
    kept = follow(CollectionFactory(public=True), owner=user)
    InterestMatch.objects.create(
        interest=kept, document=embedded(kept.collection, {"a": "A."})[0], score=1
    )
    user.delete()
    assert (Interest.objects.count(), InterestMatch.objects.count()) == (0, 0)


def test_a_deleted_document_is_told_no_more(home):
    interest = follow(home)
    embedded(home, {"new": "The boats lie in the harbour."})
    compare(interest)
    services.delete_documents(home.documents.filter(external_id="new"))
    assert told(interest) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": " ", "kind": "text"},
        {"text": "x" * 3000},
        {"text": "boats", "filters": ["nonsense"]},
        {"text": "boats", "threshold": 5.0},
    ],
)
def test_what_cannot_be_followed_is_refused(home, fields):
    with pytest.raises(Rejected):
        interests.follow(home.owner, **fields)
    assert Interest.objects.count() == 0


def test_a_user_follows_so_many_and_no_more(home, monkeypatch):
    monkeypatch.setattr(interests, "MOST", 1)
    follow(home)
    with pytest.raises(Rejected, match="Give one up first"):
        follow(home)


def found(home, **fields):
    """An interest with one match."""
    interest = follow(home, **fields)
    embedded(home, {"new": "The boats lie in the harbour."}, title="News of <boats>")
    compare(interest)
    return interest


def test_feed_is_atom_and_needs_no_login(client, home):
    interest = found(home)
    answer = client.get(f"/feeds/{interest.feed_token}.atom")
    assert answer["Content-Type"] == "application/atom+xml"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer.cookies == {}
    feed = ElementTree.fromstring(answer.content)
    [entry] = feed.findall(f"{ATOM}entry")
    new = home.documents.get(external_id="new")
    assert feed.findtext(f"{ATOM}title") == "boats harbour"
    assert entry.findtext(f"{ATOM}title") == "News of <boats>"
    assert entry.find(f"{ATOM}link").get("href") == f"http://testserver/d/{new.pk}/?p=0#p0"
    assert "boats lie" in entry.findtext(f"{ATOM}summary")
    again = client.get(
        f"/feeds/{interest.feed_token}.atom", headers={"If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304


def test_feed_without_entries_is_a_feed(client, home):
    feed = client.get(f"/feeds/{follow(home).feed_token}.atom")
    assert ElementTree.fromstring(feed.content).findall(f"{ATOM}entry") == []


def test_feed_ends_with_its_key_and_with_the_account(client, home):
    interest = found(home)
    old = interest.feed_token
    interests.new_feed(interest)
    assert client.get(f"/feeds/{old}.atom").status_code == 404
    assert client.get(f"/feeds/{interest.feed_token}.atom").status_code == 200
    new = interest.feed_token
    home.owner.is_active = False
    home.owner.save()
    assert client.get(f"/feeds/{new}.atom").status_code == 404
    interests.end_feed(interest)
    for token in (new, "None", "x"):
        assert client.get(f"/feeds/{token}.atom").status_code == 404


def test_feed_costs_the_same_for_one_and_three(client, home):
    interest = found(home)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/feeds/{interest.feed_token}.atom")
        return len(queries)

    one = cost()
    embedded(home, {"b": "Boats in a harbour.", "c": "Harbour with boats."})
    compare(interest)
    assert cost() == one == 3


def test_digest_goes_out_once(home, settings):
    settings.EMAIL_HOST, settings.SITE_URL = "mail.example.org", "https://notes.example.org/"
    found(home, email=True)
    assert digests.send() == 1
    [letter] = mail.outbox
    assert letter.to == [home.owner.email]
    assert letter.subject == "1 new document near what you follow"
    new = home.documents.get(external_id="new")
    assert f"https://notes.example.org/d/{new.pk}/?p=0#p0" in letter.body
    assert "News of <boats>" in letter.body
    assert digests.send() == 0


def test_no_digest_without_a_server_without_a_wish_without_an_address(home, settings):
    interest = found(home, email=True)
    assert digests.send() == 0
    settings.EMAIL_HOST = "mail.example.org"
    home.owner.email = ""
    home.owner.save()
    assert digests.send() == 0
    home.owner.email = "a@example.org"
    home.owner.save()
    interests.change(interest, email=False)
    assert digests.send() == 0
    assert mail.outbox == []


def test_a_digest_that_could_not_be_sent_is_sent_the_next_time(home, settings, monkeypatch):
    settings.EMAIL_HOST = "mail.example.org"
    found(home, email=True)

    def away(*_):
        raise OSError("No route.")

    with monkeypatch.context() as patched:
        patched.setattr(digests, "send_mail", away)
        assert digests.send() == 0
    assert digests.send() == 1


def test_pages_from_following_to_giving_up(client, home):
    client.force_login(home.owner)
    assert "You follow nothing yet" in client.get("/interests/").text
    page = client.get(f"/interests/new/?q=boats&c={home.pk}&filter=type:plain").text
    assert "type:plain" in page
    assert "E-mail is not set up" in page
    sent = {"kind": "search", "text": "boats", "collection": home.pk, "threshold": "0.3"}
    made = client.post("/interests/new/?q=boats&filter=type:plain", sent)
    interest = Interest.objects.get()
    assert made.url == f"/interests/{interest.pk}/"
    assert interest.filters == ["type:plain"]
    assert "Nothing has come in near it yet" in client.get(made.url).text
    embedded(home, {"new": "The boats lie."})
    compare(interest)
    shown = client.get(made.url).text
    assert "?p=0#p0" in shown
    assert f"http://testserver/feeds/{interest.feed_token}.atom" in shown
    edited = client.post(f"{made.url}edit/", {"name": "Ships", "threshold": "", "collection": ""})
    assert edited.status_code == 302
    interest.refresh_from_db()
    assert (interest.name, interest.threshold, interest.collection) == ("Ships", None, None)
    assert "Ships" in client.get("/interests/").text
    client.post(f"{made.url}feed/", {"action": "end"})
    assert "It has no feed" in client.get(made.url).text
    client.post(f"{made.url}feed/", {"action": "new"})
    assert "/feeds/" in client.get(made.url).text
    assert client.post(f"{made.url}delete/").url == "/interests/"
    assert Interest.objects.count() == 0


def test_page_follows_a_document(client, home):
    client.force_login(home.owner)
    old = home.documents.get(external_id="old")
    address = f"/interests/new/?document={old.pk}"
    assert f'href="{address}"' in client.get(f"/d/{old.pk}/").text
    assert client.post(address, {"collection": home.pk}).status_code == 302
    assert Interest.objects.get().document == old
    for bad in ("x", "0", "9" * 30):
        assert client.get(f"/interests/new/?document={bad}").status_code == 404


def test_search_page_offers_to_follow_it(client, home):
    assert "Follow this search" not in client.get("/search/?q=boats").text
    client.force_login(home.owner)
    shown = client.get(f"/search/?q=boats&c={home.pk}").text
    assert f'href="/interests/new/?q=boats&amp;c={home.pk}"' in shown


def test_page_says_what_is_wrong(client, home):
    client.force_login(home.owner)
    wrong = client.post("/interests/new/", {"kind": "text", "text": ""})
    assert (wrong.status_code, "There is nothing to search for" in wrong.text) == (422, True)
    wrong = client.post("/interests/new/", {"kind": "text", "text": "a", "threshold": "7"})
    assert wrong.status_code == 422
    private = CollectionFactory()
    wrong = client.post("/interests/new/", {"kind": "text", "text": "a", "collection": private.pk})
    assert wrong.status_code == 422


def test_nobody_else_reaches_an_interest(client, home):
    interest = found(home)
    base = f"/interests/{interest.pk}/"
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    for path in (base, f"{base}edit/"):
        assert client.get(path).status_code == 404
    for path in (f"{base}edit/", f"{base}delete/", f"{base}feed/"):
        assert client.post(path).status_code == 404
    assert client.get(f"/api/interests/{interest.pk}/").status_code == 404
    assert client.get("/api/interests/").json()["results"] == []
    client.logout()
    assert client.get(base).status_code == 302
    assert client.get("/api/interests/").status_code in (401, 403)


def post(client, path, body=None, **headers):
    return client.post(path, body or {}, content_type="application/json", headers=headers)


def test_api_from_following_to_giving_up(client, home):
    client.force_login(home.owner)
    sent = {"text": "boats harbour", "collection": home.pk, "threshold": 0.3, "filters": []}
    made = post(client, "/api/interests/", sent)
    assert made.status_code == 201
    shown = made.json()
    assert {key: shown[key] for key in ("kind", "name", "document", "email", "count")} == {
        "kind": "search",
        "name": "boats harbour",
        "document": None,
        "email": False,
        "count": 0,
    }
    url = f"/api/interests/{shown['id']}/"
    interest = Interest.objects.get()
    assert shown["feed"] == f"http://testserver/feeds/{interest.feed_token}.atom"
    embedded(home, {"new": "The boats lie in the harbour."})
    compare(interest)
    [match] = client.get(f"{url}matches/").json()["results"]
    assert (match["document"]["external_id"], match["ordinal"]) == ("new", 0)
    assert client.get(url).json()["count"] == 1
    changed = client.patch(url, {"threshold": None, "name": "X"}, content_type="application/json")
    assert (changed.json()["threshold"], changed.json()["name"]) == (None, "X")
    assert post(client, f"{url}feed/").json()["feed"] != shown["feed"]
    assert client.delete(f"{url}feed/").status_code == 204
    assert client.get(url).json()["feed"] == ""
    assert client.delete(url).status_code == 204
    assert Interest.objects.count() == 0


def test_api_follows_documents_one_may_see(client, home):
    client.force_login(home.owner)
    old = home.documents.get(external_id="old")
    assert post(client, "/api/interests/", {"document": old.pk}).json()["kind"] == "document"
    [other] = embedded(CollectionFactory(), {"a": "A."})
    refused = post(client, "/api/interests/", {"document": other.pk})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["document"])


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"text": "a", "kind": "x"},
        {"text": "a", "threshold": 9},
        {"text": "a", "threshold": "NaN"},
        {"text": "a", "filters": ["x"]},
    ],
)
def test_api_says_what_is_wrong(client, home, sent):
    client.force_login(home.owner)
    assert post(client, "/api/interests/", sent).status_code == 400


def test_a_reading_token_reads_alone(client, home):
    interest = follow(home)
    _token, key = create_token(home.owner, "reads", ApiToken.Scope.READ)
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get(f"/api/interests/{interest.pk}/", headers=headers).status_code == 200
    assert post(client, "/api/interests/", {"text": "a"}, **headers).status_code == 403
    assert post(client, f"/api/interests/{interest.pk}/feed/", **headers).status_code == 403


def test_lists_cost_the_same_for_one_and_three(client, home):
    client.force_login(home.owner)

    def cost(path):
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        return len(queries)

    paths = ["/interests/", "/api/interests/"]
    follow(home)
    one = [cost(path) for path in paths]
    follow(home)
    follow(home, "", document=home.documents.first())
    assert [cost(path) for path in paths] == one


def test_digests_are_scheduled_daily():
    from django_celery_beat.models import PeriodicTask

    assert PeriodicTask.objects.get(task="search_app.tasks.send_digests").crontab.hour == "6"
    tasks.send_digests()
    call_command("check")
    assert Document.objects.count() == 0
