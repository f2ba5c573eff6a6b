"""Every address by everyone who may not see what is private: nothing of it comes out.

`ADDRESSES` holds a decision for each address of the site. One that is added without fails
here, as does an operation of the API's schema at an address that is not among them.
"""

import re
import uuid
from io import BytesIO
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, resolve, reverse
from drf_spectacular.generators import SchemaGenerator

from collections_app import services
from collections_app.models import ApiToken, Collection, Document, Passage, Run, Source, Upload
from collections_app.services import sources, uploads
from rag_app import answer
from rag_app.answer.measuring import Measured
from rag_app.evaluation import report
from rag_app.models import AnswerEvaluation, ChatModel, MeasuredAnswer, Question, TestQuestion
from search_app import axes, interests, label_sets, maps, related, sql
from search_app.evaluation import judging
from search_app.models import (
    Axis,
    Cluster,
    Evaluation,
    Interest,
    InterestMatch,
    JudgedQuery,
    LabelSet,
    RelatedDocument,
    SavedQuery,
)
from tests.factories import PASSWORD, CollectionFactory, UserFactory, embedded
from tests.search_app.rows import cluster

pytestmark = pytest.mark.django_db

SECRET = "zyxomma"  # in every private text, name and title
METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
# What the number in an address counts; None where there is none in it.
ADDRESSES = {
    None: "home robots favicon health set_language login logout password_change"
    " password_change_done interests interest_new api-interests-list"
    " opened feedback feedback_delete"
    " tools embed compare phrases api-phrases api-compare sql sql_save api-sql api-sql-queries-list"
    " collections collection_new tokens search search_suggest why_not ask"
    " api-root api-collections-list api-questions-list api-tokens-list api-search api-models"
    " api-search-suggest api-why-not api-embed openai-embeddings openai-models model_kinds models"
    " openai-chat mcp"
    " api-status api-schema api-docs api-uploads-list api-usage api-questions-preview"
    " embeddings_db embeddings_db_file api-embeddings-db word_vectors api-word-vectors"
    " words words_new api-words"
    " chat_models chat_model_new api-chat-models-list",
    "collection": "retry_settings pictures api-collection-pictures"
    " scores axis_new label_set_new taxonomy_new api-collection-axes api-collection-label-sets"
    " model_change model_change_progress model_change_action reindex"
    " upkeep_state api-collection-model-change api-collection-model-estimate"
    " api-collection-model-compare"
    " api-collection-model-act api-collection-reindex"
    " collection collection_edit collection_delete collection_progress"
    " collection_retry collection_reembed collection_pause collection_resume collection_cancel"
    " api-collections-pause api-collections-resume api-collections-cancel"
    " documents_add text_add clusters clusters_state pairs duplicates"
    " widget_preview page_widget page_html page_json api-collection-near-duplicates"
    " api-cluster-items cluster_names api-cluster-names"
    " map map_state map_points map_values map_hits map_titles map_export map_copy"
    " api-collection-map api-map-points api-map-data api-map-copy"
    " api-collections-detail api-collections-progress api-collections-reembed"
    " api-collections-retry api-collection-documents api-collection-similar"
    " api-collection-pairs api-collection-clusters api-collection-uploads api-collection-usage"
    " sources source_kinds source_new rows_new api-collection-sources api-collection-rows"
    " api-collection-judged api-collection-judged-import api-collection-judged-export"
    " api-collection-evaluations api-collection-weights api-collection-weights-revert"
    " quality weights_revert judged_list judged_new judged_import judged_export"
    " box box_json box_preview collection_prompt api-collection-prompt"
    " answer_quality test_questions test_question_new test_questions_import test_questions_export"
    " api-collection-test-questions api-collection-test-questions-import"
    " api-collection-test-questions-export api-collection-answer-evaluations",
    "tested": "test_question test_question_delete api-test-questions-detail",
    "answers": "answer_evaluation answer_evaluation_state answer_evaluation_cancel"
    " answer_evaluation_delete api-answer-evaluations-detail api-answer-evaluations-cancel"
    " api-answer-evaluations-questions",
    "axis": "axis axis_text axis_delete api-axes-detail api-axes-score api-axes-documents",
    "labels": "label_set label_set_delete api-label-sets-detail api-label-sets-measured"
    " api-label-sets-assign api-label-sets-assigned api-label-sets-counts",
    "query": "sql_saved sql_delete api-sql-queries-detail api-sql-queries-run",
    "judged": "judged judged_delete api-judged-queries-detail",
    "evaluation": "evaluation evaluation_state evaluation_apply evaluation_accept evaluation_cancel"
    " api-evaluations-detail api-evaluations-apply api-evaluations-accept api-evaluations-cancel",
    "model": "model model_edit model_progress model_action model_new openai-model api-model"
    " api-model-probe",
    "chat": "chat_model_edit chat_model_try chat_model_delete api-chat-models-detail"
    " api-chat-models-attempt",
    "source": "source source_edit source_delete source_run api-sources-detail api-sources-runs"
    " api-sources-run api-sources-retry",
    "run": "run run_progress run_action api-runs-detail api-runs-problems api-runs-pause"
    " api-runs-resume api-runs-cancel api-runs-confirm",
    "rows": "rows rows_cancel api-upload-rows",
    "upload": "api-uploads-detail",
    "document": "document_retry_settings thumb vector api-document-vector"
    " document document_state document_edit document_delete document_retry"
    " document_reembed document_file document_picture document_thumbnail"
    " related_widget related_html related_json document_passages api-documents-detail"
    " api-document-related-passages"
    " api-documents-passages api-documents-reembed api-documents-retry api-document-related",
    "cluster": "cluster cluster_state cluster_split cluster_unsplit api-cluster-parts"
    " cluster_part_names api-cluster-part-names"
    " api-cluster-part-items api-clusters-detail api-clusters-members api-clusters-timeline",
    "question": "question citation question_stream question_stop question_retry question_delete"
    " question_follow question_prompt conversation conversation_delete"
    " question_share question_thumb api-questions-share api-questions-thumb"
    " api-questions-detail api-questions-retry api-questions-stream api-questions-prompt"
    " api-questions-conversation api-questions-stop",
    "token": "token_revoke api-tokens-detail",
    "interest": "interest interest_edit interest_delete interest_feed api-interests-detail"
    " api-interests-matches api-interests-feed",
    "asked": "picture_asked",  # likewise: here is one that was never kept
    "feed": "feed",  # whoever has the key may read it: here is one that was never given
}
KIND = {name: kind for kind, names in ADDRESSES.items() for name in names.split()}
# Addresses that show nothing private to its owner either, on GET.
SILENT = (
    "model_change_progress model_change_action reindex upkeep_state api-collection-model-change"
    " api-collection-model-estimate api-collection-model-compare api-collection-model-act"
    " api-collection-reindex "
    "axis_text axis_delete label_set_delete api-axes-score api-label-sets-assign"
    " api-label-sets-assigned api-label-sets-counts "
    "phrases api-phrases picture_asked api-collection-pictures"
    " tools embed compare api-compare sql_save sql_delete api-sql api-sql-queries-run "
    "word_vectors api-word-vectors words_new api-cluster-names api-cluster-part-names "
    "robots favicon health set_language login logout password_change password_change_done"
    " openai-chat mcp box box_json"
    " map_state map_values map_hits map_copy api-collection-map api-map-copy"
    " collection_new api-root api-models api-embed models model_kinds model model_edit"
    " model_progress model_action model_new openai-embeddings openai-models openai-model"
    " api-model api-model-probe"
    " api-status api-schema api-docs"
    " collection_retry collection_reembed collection_pause collection_resume collection_cancel"
    " api-collections-pause api-collections-resume api-collections-cancel"
    " text_add document_state document_retry"
    " document_picture document_thumbnail"
    " document_reembed question_stop question_retry question_delete token_revoke clusters_state"
    " citation chat_models chat_model_new chat_model_edit chat_model_try chat_model_delete"
    " api-chat-models-list api-chat-models-detail api-chat-models-attempt"
    " collection_progress related_widget related_html related_json page_widget page_html page_json"
    " api-collection-near-duplicates api-collections-progress"
    " api-collections-reembed api-collections-retry api-documents-reembed api-documents-retry"
    " interest_delete interest_feed api-interests-feed feed"
    " question_follow question_prompt conversation conversation_delete api-questions-preview"
    " question_share question_thumb api-questions-share api-questions-thumb"
    " api-collection-prompt"
    " api-questions-prompt api-questions-stop"
    " api-questions-retry api-tokens-detail api-usage api-collection-uploads api-collection-usage"
    " source_run run_action run_progress rows_cancel api-upload-rows api-collection-rows"
    " api-sources-runs api-sources-run api-sources-retry api-runs-detail api-runs-problems"
    " api-runs-pause api-runs-resume api-runs-cancel api-runs-confirm"
    " api-collection-judged-import api-collection-judged-export api-collection-weights"
    " opened feedback feedback_delete thumb weights_revert judged_export judged_delete"
    " evaluation_apply evaluation_accept evaluation_cancel api-evaluations-cancel"
    " api-collection-weights-revert api-evaluations-apply api-evaluations-accept"
    " test_question_delete api-collection-test-questions-import answer_evaluation_cancel"
    " answer_evaluation_delete api-answer-evaluations-cancel"
    " api-clusters-timeline cluster_state cluster_split cluster_unsplit api-cluster-parts"
    " api-cluster-part-items"
)
MORE = {
    "model_action": ["stop"],
    "model_change_action": ["cancel"],
    "reindex": ["verify"],
    "api-collection-model-act": ["cancel"],
    "source_new": ["url"],
    "run_action": ["pause"],
    "citation": [1],
}  # what such addresses end with
QUERIES = {
    "search": "q=boats&c={collection}",
    "why_not": "q=boats&c={collection}&document={document}",
    "ask": "c={collection}",
    "api-search": "q=boats&collection={collection}",
    "api-why-not": "q=boats&document={document}",
    "search_suggest": "q=zyx&c={collection}",
    "api-search-suggest": "q=zyx",
    "api-collection-similar": "q=boats",
    "words": "c={collection}&plus=boats",
    "api-words": "collection={collection}&plus=boats",
    "document": "p=0",
    **dict.fromkeys(
        ("page_widget", "page_html", "page_json"), "url=https://zyx.example/{document}"
    ),
    "map_titles": "d={document}",
}
UUIDS = re.compile("/(questions|uploads)/{")  # numbered so, not 1, 2, 3
ASKED = "Where do the boats lie?"


def patterns(resolver, before=""):
    """(name, address) of every pattern outside the admin."""
    for one in resolver:
        if hasattr(one, "url_patterns"):
            yield from patterns(one.url_patterns, before + str(one.pattern))
        elif not before.startswith("admin/") and one.name:
            yield one.name, before + str(one.pattern)


def test_every_address_is_decided_on():
    named = {name for name, _address in patterns(get_resolver().url_patterns)}
    assert named == set(KIND)


def test_every_operation_of_the_api_is_at_such_an_address():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    filled = [
        re.sub(r"{\w+}", str(uuid.uuid4()) if UUIDS.search(path) else "1", path) for path in paths
    ]
    assert filled
    assert {resolve(path).url_name for path in filled} <= set(KIND)


@pytest.fixture
def private(settings, tmp_path):
    """Two related documents of a private collection, their cluster, a question, a token."""
    settings.MEDIA_ROOT = tmp_path
    owner = UserFactory(username="owner")
    home = CollectionFactory(owner=owner, name=f"{SECRET} home", description=f"{SECRET} words")
    texts = {f"{SECRET}-{n}.txt": f"The boats of {SECRET} lie in harbour {n}." for n in range(2)}
    documents = embedded(home, texts, metadata={"place": SECRET})
    related.refresh(home.pk)
    group = cluster(home, documents, name=f"{SECRET} group")
    maps.request(home)
    maps.build(home.pk)
    asked = answer.ask(owner, f"Where do the {SECRET} boats lie?", collection=home)
    token, key = services.create_token(owner, f"{SECRET} token", "read")
    upload = uploads.begin(owner, home, f"{SECRET}.txt", 5)
    rows = uploads.receive(owner, home, f"{SECRET}.csv", 16, BytesIO(b"id,text\na,word\n"))
    source = sources.create_source(home, "url", f"{SECRET} source", {"url": "https://example.com"})
    followed = interests.follow(owner, text=f"{SECRET} boats", collection=home)
    InterestMatch.objects.create(interest=followed, document=documents[0], score=0.5)
    judged = judging.write(home, owner, f"{SECRET} boats", {documents[0].external_id: 2})
    evaluation = Evaluation.objects.create(
        collection=home, owner=owner, state="failed", error=f"{SECRET} failed"
    )
    tested = TestQuestion.objects.create(
        collection=home, text=f"Where are {SECRET} boats?", documents=[documents[0].external_id]
    )
    answers = AnswerEvaluation.objects.create(
        collection=home, owner=owner, state="failed", chat="quotes", error=f"{SECRET} failed"
    )
    MeasuredAnswer.objects.create(
        evaluation=answers,
        question=tested,
        measured=report.kept(
            Measured(tested.text, True, True, ranks={documents[0].external_id: 1})
        )["measured"],
        answer=documents[0].text,
        sources=[documents[0].pk],
    )
    poles = {"low_name": f"{SECRET} sea", "high_name": "land"}
    poles |= {"low_examples": [f"#{documents[0].pk}"], "high_examples": ["a field of corn"]}
    axis = axes.make_axis(home, name=f"{SECRET} axis", **poles)
    given = {SECRET: [f"#{documents[0].pk}"], "land": ["a field of corn"]}
    labels = label_sets.make_label_set(home, name=f"{SECRET} labels", examples=given)
    chat_model = ChatModel.objects.create(
        name="a chat model", backend="openai-compatible", ref="x", base_url="http://127.0.0.1:9/v1"
    )
    query = sql.save(owner, f"{SECRET} query", "SELECT 1")
    return {
        "axis": axis.pk,
        "labels": labels.pk,
        "query": query.slug,
        "judged": judged.pk,
        "evaluation": evaluation.pk,
        "tested": tested.pk,
        "answers": answers.pk,
        "owner": owner,
        "key": key,
        "chat": chat_model.pk,
        "collection": home.pk,
        "document": documents[0].pk,
        "cluster": group.pk,
        "question": asked.pk,
        "token": token.pk,
        "interest": followed.pk,
        "feed": "x" * 43,
        "asked": "x" * 32,
        "model": home.embedding_model_id,
        "upload": upload.pk,
        "rows": rows.pk,
        "source": source.pk,
        "run": sources.request_run(source).pk,
    }


@pytest.fixture
def public():
    """What everyone sees, so that lists and searches are not simply empty."""
    collection = CollectionFactory(public=True, name="Open")
    embedded(collection, {"open.txt": "Boats lie in a harbour.", "two.txt": "A boat."})
    return collection


def people(private):
    """Everyone who may not see it: name and client."""
    stranger, gone = UserFactory(), UserFactory()
    admin = UserFactory(is_superuser=True, is_staff=True)
    _token, reading = services.create_token(stranger, "reading", "read")
    _token, writing = services.create_token(stranger, "writing", "write")
    _token, revoked = services.create_token(private["owner"], "revoked", "write")
    ApiToken.objects.filter(name="revoked").delete()
    left = Client()
    left.force_login(gone)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    _token, of_gone = services.create_token(gone, "of one who left", "write")
    found = {"visitor": Client(), "one who left": left}
    for name, user in {"stranger": stranger, "administrator": admin}.items():
        found[name] = Client()
        found[name].force_login(user)
    keys = {"reading": reading, "writing": writing, "revoked": revoked, "token of gone": of_gone}
    for name, key in keys.items():
        found[name] = Client(headers={"authorization": f"Bearer {key}"})
    return found


def address(name, numbers):
    kind = KIND[name]
    try:
        place = reverse(name, args=[numbers[kind], *MORE.get(name, [])] if kind else [])
    except NoReverseMatch:
        pytest.fail(f"{name} takes no {kind}")
    query = QUERIES.get(name, "").format(**numbers)
    return f"{place}?{query}" if query else place


def told(response):
    """All that an answer says: its headers and its body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{dict(response.items())}\n{body.decode(errors='replace')}"


def counts():
    models = (Collection, Document, Passage, Question, Cluster, RelatedDocument, Upload, Source)
    models += (Run, JudgedQuery, Evaluation, SavedQuery, Interest, InterestMatch, Axis, LabelSet)
    models += (TestQuestion, AnswerEvaluation, MeasuredAnswer)
    return {model: model._base_manager.count() for model in models}


def test_nobody_else_is_told_anything(private, public):
    people_ = people(private)
    before = counts()
    states = list(Document.objects.order_by("pk").values_list("state", "revision", "updated"))
    leaks = []
    for who, client in people_.items():
        for name in sorted(KIND, key=lambda name: name == "logout"):
            place = address(name, private)
            for method in METHODS:
                if KIND[name] is None and method not in ("get", "head", "options"):
                    continue
                if SECRET in told(getattr(client, method)(place)):
                    leaks.append((who, method, place))
    assert leaks == []
    assert counts() == before
    assert list(Document.objects.order_by("pk").values_list("state", "revision", "updated")) == (
        states
    )
    assert ApiToken.objects.filter(pk=private["token"]).exists()


def test_private_is_answered_as_what_does_not_exist(private, public):
    nothing = {kind: 10**12 for kind in ADDRESSES if kind} | {
        "question": uuid.uuid4(),
        "query": "nosuchquery",
        "upload": uuid.uuid4(),
        "rows": uuid.uuid4(),
    }
    differences = []
    everyone = people(private)
    for who in ("visitor", "stranger", "writing"):
        client = everyone[who]
        for name, kind in KIND.items():
            for method in METHODS if kind else ():
                there, absent = (
                    answered(client, method, name, private),
                    answered(client, method, name, nothing),
                )
                if there != absent:
                    differences.append((who, method, name, there[0], absent[0]))
    assert differences == []


def answered(client, method, name, numbers):
    """Status and text, without the address and what differs between any two answers."""
    place = address(name, numbers).split("?")[0]
    response = getattr(client, method)(place)
    text = told(response).replace(place, "PLACE").replace(quote(place, safe=""), "PLACE")
    return response.status_code, re.sub(
        r"'Content-Length': '\d+'|'Expires': '[^']*'|\b\w{64}\b", "", text
    )


def test_the_owner_sees_it_at_every_address_that_is_not_silent(private, public):
    session, token = Client(), Client(headers={"authorization": f"Bearer {private['key']}"})
    session.login(username="owner", password=PASSWORD)
    seen = set()
    for name in KIND:
        client = token if name.startswith("api-") else session
        if SECRET in told(client.get(address(name, private))):
            seen.add(name)
    assert seen == set(KIND) - set(SILENT.split())


def test_what_becomes_private_is_gone_in_the_next_request(private, public):
    home = Collection.objects.filter(pk=private["collection"])
    home.update(visibility="public")
    visitor = Client()
    asked = visitor.post("/ask/", {"question": ASKED})
    mine = private | {"question": asked.url.split("/")[2]}
    names = [name for name, kind in KIND.items() if kind != "token" and name != "logout"]
    tags, seen = {}, set()
    for name in names:
        response = visitor.get(address(name, mine))
        tags[name] = response.headers.get("ETag", '"none"')
        if SECRET in told(response):
            seen.add(name)
            caching = response.headers.get("Cache-Control", "")
            assert "max-age" not in caching or "max-age=0" in caching  # no cache tells it later
    assert {"search", "api-search", "related_widget", "cluster", "pairs", "question"} <= seen
    home.update(visibility="private")
    leaks = []
    for name in names:
        place = address(name, mine)
        response = visitor.get(place, headers={"if-none-match": tags[name]})
        if SECRET in told(response) or response.status_code == 304:
            leaks.append((name, response.status_code))
    assert leaks == []


def test_a_deleted_document_is_gone_in_the_next_request(private, public):
    session = Client()
    session.login(username="owner", password=PASSWORD)
    gone = Document.objects.get(pk=private["document"])
    unique = gone.external_id
    kept = Document.objects.exclude(pk=gone.pk).get(collection=gone.collection)
    numbers = private | {"document": kept.pk}
    names = [name for name in KIND if name != "logout"]
    before = {name for name in names if unique in told(session.get(address(name, numbers)))}
    assert {"search", "api-search", "document", "related_json", "cluster", "pairs"} - before == {
        "related_json"  # of public collections alone
    }
    session.post(f"/d/{gone.pk}/delete/")
    session.get("/")  # the message that names it is shown once
    assert {name for name in names if unique in told(session.get(address(name, numbers)))} == set()
    assert session.get(f"/d/{gone.pk}/").status_code == 404
