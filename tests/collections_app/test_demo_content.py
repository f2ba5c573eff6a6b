"""The demo content: what it holds, and that it is the same on every run."""

import subprocess
import sys

import pytest

from collections_app.demo import catalogue, library, searches, topics, words
from collections_app.demo.taps import shop

DIGEST = """
import hashlib
from collections_app.demo import catalogue
from collections_app.demo.taps import shop
shop.COUNT = 50  # each is drawn alone
parts = [repr(plan.make()) for plan in catalogue.COLLECTIONS]
print(hashlib.sha256("".join(parts).encode()).hexdigest())
"""


def digest(hash_seed):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DIGEST],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_content_is_the_same_in_every_process():
    assert digest("1") == digest("2")


@pytest.mark.parametrize("plan", catalogue.COLLECTIONS, ids=lambda plan: plan.name)
def test_ids_are_unique_and_texts_are_not_blank(plan, monkeypatch):
    monkeypatch.setattr(shop, "COUNT", 200)  # of the 2,000, whose names are numbered
    documents = plan.make()
    assert len({document.external_id for document in documents}) == len(documents)
    assert [document for document in documents if not document.text.strip()] == []
    assert [document for document in documents if not document.title.strip()] == []


def test_topic_becomes_markdown_with_its_first_line_as_title():
    found = {document.external_id: document for document in topics.documents()}
    lambdas = found["lambda"]
    assert lambdas.title == "Lambdas"
    assert lambdas.media_type == "text/markdown"
    assert lambdas.text.startswith("# Lambdas\n\n```\nlambda_expr ::=")
    assert "```\ndef <lambda>(parameters):\n    return expression\n```" in lambdas.text


def test_topic_with_two_names_is_one_document():
    ids = {document.external_id for document in topics.documents()}
    assert {"if", "else"} & ids == {"if"}


def test_markdown_joins_code_parted_by_a_blank_line():
    text = "Use it:\n\n   a = 1\n\n   try:\n       b()\n\nThen go."
    assert topics.markdown(text) == ("Use it:\n\n```\na = 1\n\ntry:\n    b()\n```\n\nThen go.\n")


def test_markdown_keeps_a_remark_as_prose():
    assert topics.markdown("Note:\n\n     Mind the gap.") == "Note:\n\n     Mind the gap.\n"


def test_markdown_writes_names_with_underscores_as_code():
    assert topics.markdown('call __init__() or "len"') == "call `__init__()` or `len`\n"


def test_library_document_is_signature_and_docstring():
    found = {document.external_id: document for document in library.documents()}
    dumps = found["json.dumps"]
    assert dumps.text.startswith("json.dumps(obj, *, skipkeys=False")
    assert "Serialize ``obj`` to a JSON formatted ``str``." in dumps.text
    assert dumps.metadata == {"kind": "function"}
    assert found["str.split"].metadata == {"kind": "method"}
    assert found["tempfile"].metadata == {"kind": "module"}


def test_library_shows_no_memory_addresses():
    assert [d.external_id for d in library.documents() if " at 0x" in d.text] == []


def test_library_has_a_few_thousand_documents():
    assert 3000 <= len(library.documents()) <= library.LIMIT


def test_words_are_sorted_single_and_lower_case():
    found = [document.text for document in words.documents()]
    assert found == sorted(set(found))
    assert [word for word in found if not (word.isascii() and word.isalpha())] == []
    assert [word for word in found if word != word.lower()] == []
    wanted = {"germany", "berlin", "paris", "france", "king", "queen", "man", "woman"}
    assert wanted <= set(found)


def test_five_searches_are_offered():
    assert len(set(searches.EXAMPLES)) == 5
    assert searches.COLLECTION in [collection.name for collection in catalogue.COLLECTIONS]
