"""Reasons that were noted down in English are read in the reader's language."""

import ast
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from django.utils import translation

from collections_app import encoders, reasons, run_reasons, services, sources
from collections_app.encoders import ModelMissing
from collections_app.encoders.folder import folder
from collections_app.ingest.encode import NoVectorError, _check
from collections_app.ingest.states import set_aside_exhausted
from collections_app.models import Document, RunProblem
from collections_app.pipeline.extract import extract
from collections_app.pipeline.extracted import Unreadable
from collections_app.reasons import in_words
from search_app import building
from search_app.models import Clustering
from tests.factories import CollectionFactory, DocumentFactory


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "檔案是空的"),
        (b" \n", "空白"),
        (b"<html><body><script>1</script></body></html>", "標記"),
        ("長".encode() * 101, "101 個字元"),
        (b"%PDF-1.7 x", "PDF 已損壞"),
        (b"%!PS-Adobe words", "PostScript"),
        (b"\x01\0\x02\0", "NUL 位元組"),
        (b"\xef\xbb\xbfab\xff", "UTF-8 標記"),
        ("a\0".encode("utf-16"), "NUL 字元"),
        (Random(0).randbytes(90).replace(b"\0", b"\1"), "編碼"),
    ],
)
def test_reason_of_a_file_that_cannot_be_read_is_told(data, told):
    with pytest.raises(Unreadable) as caught:
        extract(data, name="page.html", media_type="text/html", max_chars=100)
    assert told in chinese(str(caught.value))


@pytest.mark.parametrize("numbers", [[[np.nan, 1.0]], [[0.0, 0.0]]])
def test_reason_of_a_useless_vector_is_told(numbers):
    with pytest.raises(NoVectorError) as caught:
        _check(np.array(numbers))
    chinese(str(caught.value))


def test_reason_of_a_missing_package_is_told():
    with pytest.raises(ModelMissing) as caught:
        folder("package:no_such_model", Path("/nowhere"))
    assert "pip install no-such-model" in chinese(str(caught.value))


@pytest.mark.django_db
def test_reasons_of_workers_that_died_are_told(settings):
    document = DocumentFactory(state=Document.State.QUEUED, attempts=settings.MAX_ATTEMPTS)
    set_aside_exhausted()
    document.refresh_from_db()
    assert f"{settings.MAX_ATTEMPTS} 次" in chinese(document.error)
    Clustering.objects.create(collection=CollectionFactory(), attempts=settings.MAX_ATTEMPTS)
    building.give_up()
    assert f"{settings.MAX_ATTEMPTS} 次" in chinese(Clustering.objects.get().error)


@pytest.mark.django_db
def test_pages_tell_why_a_document_was_set_aside(admin_client, admin_user):
    collection = CollectionFactory(owner=admin_user)
    reason = "The encoding of the text is not known. Save the file as UTF-8."
    document = DocumentFactory(
        collection=collection, state=Document.State.SET_ASIDE, error=reason, ready_at=None
    )
    for address in (
        collection.get_absolute_url(),
        document.get_absolute_url(),
        "/admin/collections_app/document/",
        f"/admin/collections_app/document/{document.pk}/change/",
    ):
        assert reason in admin_client.get(address).text
        page = admin_client.get(address, headers={"Accept-Language": "zh-TW"}).text
        assert (reason in page, chinese(reason) in page) == (False, True), address


@pytest.mark.django_db
def test_reasons_of_runs_are_told(admin_client, admin_user, tmp_path, settings):
    """The worker's language is English, whatever that of the site."""
    settings.SOURCE_ROOTS = [str(tmp_path)]
    collection = CollectionFactory(owner=admin_user)
    folder = tmp_path / "notes"
    folder.mkdir()
    source = services.create_source(collection, "folder", "Notes", {"path": str(folder)})
    folder.rmdir()
    run = services.request_run(source)
    with translation.override("zh-hant"):
        sources.work(20, lambda: None)
    run.refresh_from_db()
    assert run.error == f"{folder} is not a folder on the server."
    RunProblem.objects.create(run=run, external_id="a", reason="Another item has the same id.")
    for page in (f"/r/{run.pk}/", f"/admin/collections_app/run/{run.pk}/change/"):
        told = admin_client.get(page, headers={"Accept-Language": "zh-TW"}).text
        assert chinese(run.error) in told
        assert run.error not in told
    told = admin_client.get(f"/r/{run.pk}/", headers={"Accept-Language": "zh-TW"}).text
    assert chinese("Another item has the same id.") in told


def test_reason_within_a_reason_is_told():
    inner = "www.example.com did not answer in time."
    told = chinese(f"10 items in a row could not be had: {inner}")
    assert chinese(inner) in told


def stored_sentences():
    """Texts with a place in them that a run may note down, by the modules that make them."""
    package = Path(reasons.__file__).parent
    for path in [*(package / "sources").rglob("*.py"), *(package / "intake").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                text = node.args[0].value
                if re.search(r"%(\(\w+\))?[sd]", text):
                    yield text


def test_every_reason_of_a_run_is_known():
    known = {*reasons.SENTENCES, *run_reasons.SENTENCES, "row %(number)d", "word %(number)d"}
    assert set(stored_sentences()) - known == set()


TOLD = ("ModelMissing", "ModelAway", "ModelFixed", "ItemRefused", "Failed")


def told_by_encoders():
    """Each reason that an encoder raises, with 7 for what changes in it."""
    for path in Path(encoders.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in TOLD):
                continue
            match node.args:
                case [ast.Constant(value=text)]:
                    yield text
                case [ast.JoinedStr(values=parts)]:
                    yield "".join(
                        part.value if isinstance(part, ast.Constant) else "7" for part in parts
                    )


def test_every_reason_of_an_encoder_is_told():
    found = set(told_by_encoders()) - {"There is no backend 7."}  # a name of ours, not the user's
    assert len(found) > 25
    for reason in found:
        chinese(reason)


def test_other_reasons_stay_as_they_are():
    with translation.override("zh-hant"):
        assert in_words("CUDA out of memory (%s)") == "CUDA out of memory (%s)"
        assert in_words("") == ""


def test_reasons_stay_as_written_in_english():
    reason = "The content could not be read (KeyError('%(a)s')).\n"
    assert in_words(reason) == reason
    assert in_words(reason.strip()) == reason.strip()


def chinese(reason):
    """The reason as a page in Chinese has it; fails where no sentence is known for it."""
    with translation.override("zh-hant"):
        told = in_words(reason)
    assert told != reason, f"no sentence fits {reason!r}"
    return told
