"""The command `embed_models`, aliases, and the model that other commands take."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from collections_app.models import EmbeddingModel
from tests.embedding_server import EmbeddingServer, error
from tests.factories import EmbeddingModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_models():
    EmbeddingModelFactory(is_default=True)
    EmbeddingModelFactory(name="org/Other", dimension=8)


def run(*words):
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def refusal(*words):
    with pytest.raises(CommandError) as raised:
        run(*words)
    return raised.value.returncode, str(raised.value)


def test_models_are_listed_with_their_aliases():
    run("embed_models", "alias", "b", "org/Other")
    run("embed_models", "alias", "a", "org/Other")
    other = "fake: org/Other (aliases: a, b)\n"
    assert run("embed_models") == run("embed_models", "list") == f"fake: fake\n{other}"
    assert run("embed_models", "list", "-q", "FAKE", "-q", "other") == other
    assert run("embed_models", "-q", "b") == other
    assert run("embed_models", "-q", "b", "-q", "zzz") == ""
    [_fake, found] = json.loads(run("embed_models", "--json"))
    assert found == {
        "state": "usable",
        "probed": None,
        "name": "org/Other",
        "backend": "fake",
        "aliases": ["a", "b"],
        "dimension": 8,
        "token_limit": 64,
        "default": False,
        "precision": "auto",
        "engine": "fake",
        "cosine": None,
        "least_cosine": None,
        "neighbours_kept": None,
        "why_not_faster": "",
    }


def test_list_of_models_takes_the_same_queries_for_any_number(django_assert_num_queries):
    with django_assert_num_queries(3):
        run("embed_models")
    EmbeddingModelFactory(name="third")
    with django_assert_num_queries(3):
        run("embed_models")


def test_default_model_is_shown_set_and_put_back():
    assert run("embed_models", "default") == "fake\n"
    run("embed_models", "alias", "o", "org/Other")
    assert run("embed_models", "default", "o") == ""
    assert run("embed_models", "default") == "org/Other\n"
    run("embed_models", "default", "--remove-default")
    assert run("embed_models", "default") == "all-MiniLM-L6-v2\n"
    assert EmbeddingModel.objects.filter(is_default=True).count() == 1


def test_alias_names_a_model_until_it_is_removed():
    run("embed_models", "alias", "mini", "fake")
    run("embed_models", "alias", "mini", "org/Other")
    assert len(json.loads(run("embed", "-c", "Words", "-m", "mini"))) == 8
    run("embed_models", "unalias", "mini")
    assert refusal("embed", "-c", "Words", "-m", "mini") == (
        1,
        "There is no embedding model 'mini'. See: manage.py embed_models.",
    )


def test_model_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("LLM_EMBEDDING_MODEL", "org/Other")
    assert len(json.loads(run("embed", "-c", "Words"))) == 8
    assert len(json.loads(run("embed", "-c", "Words", "-m", "fake"))) == 256


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["default", "x"], (1, "There is no embedding model 'x'. See: manage.py embed_models.")),
        (["alias", "x"], (2, "alias takes 2 names.")),
        (["default", "x", "y"], (2, "default takes 1 name.")),
        (
            ["alias", "fake", "org/Other"],
            (1, "'fake' is the name of a model. Choose another alias."),
        ),
        (["unalias", "x"], (1, "No such alias: x")),
    ],
)
def test_bad_embed_models_is_refused_in_words(words, expected):
    assert refusal("embed_models", *words) == expected


def test_a_model_is_registered_probed_and_deleted(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-very-secret\n")
    with EmbeddingServer() as peer:
        found = json.loads(
            run(
                "embed_models",
                "register",
                "openai-compatible",
                "tiny",
                "--base-url",
                peer.url,
                "--key-file",
                str(key),
                "--token-limit",
                "200",
                "--query-prefix",
                "q: ",
            )
        )
        model = EmbeddingModel.objects.get(name="tiny")
        assert (found["dimension"], model.state, model.query_prefix) == (64, "usable", "q: ")
        assert peer.headers[-1]["authorization"] == "Bearer sk-very-secret"
        peer.reply = error(401, "who are you")
        with pytest.raises(CommandError, match=r"failed its probe.*who are you"):
            call_command("embed_models", "probe", "tiny")
    assert "openai-compatible: tiny (failed)" in run("embed_models", "list")
    with pytest.raises(CommandError, match="no backend"):
        call_command("embed_models", "register", "pickle", "x")
    call_command("embed_models", "delete", "tiny")
    assert not EmbeddingModel.objects.filter(name="tiny").exists()
