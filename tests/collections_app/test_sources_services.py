"""Sources as they are made and changed: options, secrets, schedules; and the command."""

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command, load_command_class
from django.utils import timezone

from collections_app import services, sources, tasks, wake
from collections_app.models import Collection, Source
from collections_app.services import Rejected
from collections_app.sources.matching import matches, pattern
from collections_app.sources.secrets import seal, unseal
from tests.factories import CollectionFactory, EmbeddingModelFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def collection():
    return CollectionFactory()


@pytest.fixture
def root(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    for n in range(5):
        (tmp_path / f"n{n}.md").write_text(f"Note {n} has words.")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("carrier_pigeon", {}, "There is no kind of source “carrier_pigeon”"),
        ("url", {}, "The option “url” is missing"),
        ("url", {"url": 7}, "The option “url” must be a text"),
        ("url", {"url": "https://a.example", "depth": 2}, "no option “depth”"),
        ("url", {"url": "ftp://a.example"}, "begin with http"),
        ("url", {"url": "https://127.1/"}, "not the full name"),
        ("feed", {"url": "https://a.example", "content": "all"}, "must be one of: feed, page"),
        ("sitemap", {"url": "https://a.example", "most": 0}, "must be from 1 to"),
        ("sitemap", {"url": "https://a.example", "most": True}, "must be a whole number"),
        ("json_api", {"url": "https://a.example"}, "The option “text” is missing"),
        ("json_api", {"url": "https://a.example", "text": "a", "metadata": [1]}, "list of paths"),
        ("folder", {"path": "/etc"}, "No folder on the server may be read"),
        ("file", {}, "Upload a file"),
        ("sqlite", {"query": "SELECT 1"}, "one of the two"),
        ("sql", {"query": "SELECT 1", "plan": {"columns": 1}}, "choice of columns"),
        ("url", {"url": "https://a.example/" + "a" * 30_000}, "too long"),
    ],
)
def test_options_that_cannot_work_are_rejected(collection, kind, options, message):
    with pytest.raises(Rejected, match=message):
        services.create_source(collection, kind, "Name", options)
    assert Source.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "message"),
    [("/etc", "is outside"), ("notes", "whole path"), ("{root}/../..", "is outside")],
)
def test_folders_outside_of_the_roots_are_rejected(collection, root, path, message):
    with pytest.raises(Rejected, match=message):
        services.create_source(collection, "folder", "Name", {"path": path.format(root=root)})


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "n" * 201])
def test_names_that_cannot_be_are_rejected(collection, name):
    with pytest.raises(Rejected):
        services.create_source(collection, "url", name, {"url": "https://a.example"})


def test_second_source_of_a_name_is_rejected(collection):
    services.create_source(collection, "url", "A", {"url": "https://a.example"})
    with pytest.raises(Rejected, match="a source named “A” already"):
        services.create_source(collection, "url", "A", {"url": "https://b.example"})


@pytest.mark.parametrize("minutes", [0, 4, -1, 10_000_000])
def test_schedules_that_cannot_be_are_rejected(collection, minutes):
    with pytest.raises(Rejected, match="A source runs every 5 minutes at most"):
        services.create_source(
            collection, "url", "A", {"url": "https://a.example"}, every_minutes=minutes
        )


def test_schedule_is_set_changed_and_ended(collection):
    options = {"url": "https://a.example"}
    source = services.create_source(collection, "url", "A", options, every_minutes=60)
    assert 59 < (source.next_run - timezone.now()).total_seconds() / 60 <= 60
    services.change_source(source, name="B")
    assert (source.name, source.every_minutes) == ("B", 60)
    services.change_source(source, scheduled=False)
    assert (source.every_minutes, source.next_run) == (None, None)


def test_changed_options_ask_for_every_item_anew(collection, root):
    source = services.create_source(collection, "folder", "A", {"path": str(root)})
    services.request_run(source)
    sources.work(60, lambda: None)
    services.change_source(source, options={"path": str(root), "glob": "*.md"})
    assert list(source.items.values_list("validators", flat=True)) == [{}] * 5


def test_secrets_are_unreadable_at_rest_and_come_back(collection):
    secret = {"headers": {"Authorization": "Bearer very-secret"}}
    source = services.create_source(
        collection, "url", "A", {"url": "https://a.example"}, secrets=secret
    )
    source.refresh_from_db()
    assert "very-secret" not in source.secrets
    assert unseal(source.secrets) == secret
    services.change_source(source, name="B")
    assert unseal(source.secrets) == secret
    services.change_source(source, secrets={})
    assert source.secrets == ""


def test_secrets_of_another_key_are_told(settings):
    sealed = seal({"token": "t"})
    settings.SECRETS_KEY = "another"
    with pytest.raises(Rejected, match="Enter them again"):
        unseal(sealed)
    settings.SECRETS_KEY = site.SECRET_KEY
    assert unseal(sealed) == {"token": "t"}


def test_unknown_secret_is_rejected(collection):
    with pytest.raises(Rejected, match="no option “token”"):
        services.create_source(
            collection, "url", "A", {"url": "https://a.example"}, secrets={"token": "t"}
        )


@pytest.mark.parametrize(
    ("glob", "path", "found"),
    [
        ("**/*", "a.md", True),
        ("**/*", "a/b/c.md", True),
        ("*.md", "a.md", True),
        ("*.md", "a/b.md", False),
        ("**/*.md", "a/b.md", True),
        ("**/*.md", "a.txt", False),
        ("docs/**", "docs/a/b.md", True),
        ("docs/**", "other/a.md", False),
        ("a/**/c/*.md", "a/c/x.md", True),
        ("a/**/c/*.md", "a/b/b/c/x.md", True),
        ("*.md *.txt", "a.txt", True),
        ("n?.[mt]d", "n1.md", True),
        ("*a*a*a*a*a*a*a*a*b", "a" * 200, False),
        ("**/" * 60 + "x", "a/" * 60 + "b", False),
    ],
)
def test_patterns_find_paths(glob, path, found):
    assert matches(pattern(glob), path) is found


def test_pattern_that_climbs_is_rejected():
    with pytest.raises(Rejected, match="climbs"):
        pattern("../*")


@pytest.fixture
def operator():
    EmbeddingModelFactory(is_default=True)
    return services.operator()


def site_says(capsys, *words):
    call_command("sources", *words)
    return capsys.readouterr().out.strip()


def test_command_adds_runs_lists_and_deletes(operator, root, capsys):
    added = site_says(capsys, "add", "notes", "Folder", f"path={root}", "--kind=folder")
    assert added == "Added Folder. Run it: manage.py sources run."
    assert site_says(capsys, "list", "notes") == "Folder: folder on the server; not run yet"
    counted = "5 added, 0 changed, 0 unchanged, 0 removed, 0 skipped, 0 failed"
    assert site_says(capsys, "run", "notes", "Folder") == f"Folder: done; {counted}."
    assert site_says(capsys, "list", "notes") == f"Folder: folder on the server; done, {counted}"
    deleted = site_says(capsys, "delete", "notes", "Folder")
    assert deleted == "Deleted Folder and 5 of its documents."
    assert Collection.objects.get().documents.count() == 0


def test_command_removes_more_than_half_only_when_told_to(operator, root, capsys):
    site_says(capsys, "add", "notes", "Folder", f"path={root}", "--kind=folder")
    site_says(capsys, "run", "notes", "Folder")
    for n in range(4):
        (root / f"n{n}.md").unlink()
    with pytest.raises(CommandError, match="It would remove 4 documents, more than half"):
        call_command("sources", "run", "notes", "Folder")
    capsys.readouterr()
    said = site_says(capsys, "run", "notes", "Folder", "--yes")
    counted = "0 added, 0 changed, 1 unchanged, 4 removed, 0 skipped, 0 failed"
    assert said == f"Folder: done; {counted}."


def test_command_takes_secrets_from_files_and_tables_too(operator, tmp_path, capsys):
    (tmp_path / "secret").write_text('{"X-Key": "s3c"}\n')
    words = ["add", "n", "Site", "url=https://a.example", "--kind=url"]
    site_says(capsys, *words, f"--secret=headers={tmp_path}/secret", "--every=60")
    source = Source.objects.get()
    assert (unseal(source.secrets), source.every_minutes) == ({"headers": {"X-Key": "s3c"}}, 60)
    (tmp_path / "rows.csv").write_text("id,text\n1,Some words of a row.\n")
    site_says(capsys, "add", "n", "Rows", "--kind=file", f"--file={tmp_path}/rows.csv")
    assert site_says(capsys, "run", "n", "Rows").startswith("Rows: done; 1 added")


def test_command_takes_options_where_its_page_has_them(operator, root, capsys):
    words = ["add", "notes", "Folder", "--kind", "folder", f"path={root}", "--every", "60"]
    load_command_class("collections_app", "sources").run_from_argv(
        ["manage.py", "sources", *words, "glob=*.md"]
    )
    source = Source.objects.get()
    assert (source.options, source.every_minutes) == ({"path": str(root), "glob": "*.md"}, 60)


def test_command_has_its_run_before_a_worker_is_woken(operator, root, capsys, monkeypatch):
    site_says(capsys, "add", "notes", "Folder", f"path={root}", "--kind=folder")
    met = []

    def worker(task):
        if task == tasks.run_sources:
            met.append(sources.queue.claim())

    monkeypatch.setattr(wake, "call", worker)
    assert site_says(capsys, "run", "notes", "Folder").startswith("Folder: done; 5 added")
    assert met == [None]


def test_command_says_that_a_worker_is_at_it(operator, root, capsys):
    site_says(capsys, "add", "notes", "Folder", f"path={root}", "--kind=folder")
    services.request_run(Source.objects.get())
    sources.queue.claim()
    with pytest.raises(CommandError, match="A worker is at it"):
        call_command("sources", "run", "notes", "Folder")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["list", "none"], "has no collection 'none'"),
        (["add", "n", "x"], "needs a name and --kind"),
        (["add", "n", "x", "path", "--kind=folder"], "'path' is not OPTION=VALUE"),
        (["add", "n", "x", "path=/etc", "--kind=folder"], "SOURCE_ROOTS"),
        (["add", "n", "x", "--kind=file", "--file=/none.zip"], "cannot be read"),
    ],
)
def test_command_says_what_is_wrong(operator, words, message):
    with pytest.raises(CommandError, match=message):
        call_command("sources", *words)
