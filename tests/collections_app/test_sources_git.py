"""Git repositories, below SOURCE_ROOTS and over HTTP, friendly and hostile."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from collections_app import services, sources
from collections_app.services import Rejected
from collections_app.sources import repositories
from collections_app.sources.repositories import Objects
from tests.collections_app.web_server import Handler, WebServer
from tests.factories import CollectionFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("git"), reason="git is not installed"),
]


def git(folder: Path, *words: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        | identity,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path, settings):
    settings.SOURCE_ROOTS = [str(tmp_path)]
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {"README.md": "Read me.", "docs/a.md": "About a.", "docs/b.txt": "About b."})
    return folder


def commit(folder, files):
    for name, words in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(words)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Change")


@pytest.fixture
def collection():
    return CollectionFactory()


def source_of(collection, url, secrets=None, **options):
    return services.create_source(
        collection, "git", "Code", {"url": str(url)} | options, secrets=secrets
    )


def run(source):
    made = services.request_run(source)
    sources.work(60, lambda: None)
    made.refresh_from_db()
    return made


def counts(one):
    names = ("added", "changed", "unchanged", "removed", "skipped", "failed")
    return one.state, *(getattr(one, name) for name in names)


def ids(collection):
    return sorted(collection.documents.values_list("external_id", flat=True))


def test_local_repository_is_followed_by_the_hashes_of_its_tree(
    repository, collection, monkeypatch
):
    source = source_of(collection, repository)
    assert counts(run(source)) == ("done", 3, 0, 0, 0, 0, 0)
    assert ids(collection) == ["README.md", "docs/a.md", "docs/b.txt"]
    (repository / "docs" / "b.txt").unlink()
    commit(repository, {"docs/a.md": "More about a."})
    read = []
    real = Objects.read
    monkeypatch.setattr(Objects, "read", lambda *a: read.append(a[1].path) or real(*a))
    assert counts(run(source)) == ("done", 0, 1, 1, 1, 0, 0)
    assert read == ["docs/a.md"]


def test_branch_and_pattern_choose_the_files(repository, collection):
    git(repository, "checkout", "-q", "-b", "next")
    commit(repository, {"docs/c.md": "About c."})
    git(repository, "checkout", "-q", "main")
    source = source_of(collection, repository, branch="next", glob="docs/*.md")
    assert counts(run(source)) == ("done", 2, 0, 0, 0, 0, 0)
    assert ids(collection) == ["docs/a.md", "docs/c.md"]


def test_links_and_submodules_are_left_alone(repository, collection, tmp_path):
    (repository / "link.md").symlink_to("/etc/passwd")
    sha = "1" * 40
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{sha},module")
    git(repository, "add", "link.md")
    git(repository, "commit", "-q", "-m", "Traps")
    assert counts(run(source_of(collection, repository))) == ("done", 3, 0, 0, 0, 0, 0)


def test_configuration_and_hooks_of_a_repository_run_nothing(repository, collection, tmp_path):
    ran = tmp_path / "ran"
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = repository / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
        hook.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor"):
        git(repository, "config", key, f"touch {ran}")
    git(repository, "config", "remote.origin.url", f"ext::sh -c touch% {ran}")
    git(repository, "config", "extensions.partialClone", "origin")
    assert counts(run(source_of(collection, repository))) == ("done", 3, 0, 0, 0, 0, 0)
    assert not ran.exists()


def test_repository_that_shares_objects_is_rejected(repository, collection):
    (repository / ".git" / "objects" / "info" / "alternates").write_text("/elsewhere\n")
    with pytest.raises(Rejected, match="shares its objects"):
        source_of(collection, repository)


def test_link_out_of_the_roots_is_rejected(repository, collection, settings, tmp_path):
    roots = tmp_path / "roots"
    roots.mkdir()
    settings.SOURCE_ROOTS = [str(roots)]
    (roots / "code").symlink_to(repository)
    with pytest.raises(Rejected, match="is outside the folders"):
        source_of(collection, roots / "code")


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "file:///etc",
        "ssh://git@example.com/x",
        "git@example.com:x/y.git",
        "git://example.com/x",
        "--upload-pack=touch /tmp/x",
        "https://user:token@example.com/x.git",
    ],
)
def test_other_protocols_are_rejected(collection, url):
    with pytest.raises(Rejected):
        source_of(collection, url)


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a..b", "-b", "a:b", "a b", "HEAD@{1}"])
def test_branches_that_are_none_are_rejected(collection, branch):
    with pytest.raises(Rejected, match="is not the name of a branch"):
        source_of(collection, "https://example.com/x.git", branch=branch)


def serve(folder: Path):
    """A reply by git's own server program."""

    def reply(handler: Handler) -> None:
        path, _mark, query = handler.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(handler.body)),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "http-backend"],
            env=environment,
            input=handler.body,
            capture_output=True,
            check=True,
        )
        head, _blank, body = done.stdout.partition(b"\r\n\r\n")
        handler.send_response(200)
        for line in head.decode().splitlines():
            name, _colon, value = line.partition(":")
            handler.send_header(name, value.strip())
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@pytest.fixture
def server(settings, repository):
    with WebServer() as started:
        settings.FETCH_ALLOWED_NETWORKS = ["127.0.0.1/32"]
        settings.FETCH_ALLOWED_PORTS = [started.port]
        base = "/repository/.git"
        for path in (f"{base}/info/refs?service=git-upload-pack", f"{base}/git-upload-pack"):
            started.pages[path] = serve(repository.parent)
        yield started


def test_repository_over_http_is_fetched_with_its_token(server, repository, collection, settings):
    source = source_of(collection, f"{server.url}/repository/.git", secrets={"token": "secret"})
    assert counts(run(source)) == ("done", 3, 0, 0, 0, 0, 0)
    sent = {headers.get("Authorization") for headers in server.headers}
    assert sent == {"Basic Z2l0OnNlY3JldA=="}
    commit(repository, {"new.md": "A new file."})
    assert counts(run(source)) == ("done", 1, 0, 3, 0, 0, 0)
    assert list((settings.MEDIA_ROOT / "tmp").glob("git-*")) == []


def test_redirect_of_a_repository_is_not_followed(server, collection):
    path = "/moved/info/refs?service=git-upload-pack"

    def moved(handler):
        handler.send_response(302)
        handler.send_header("Location", f"{server.url}/repository/.git/info/refs")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.pages[path] = moved
    made = run(source_of(collection, f"{server.url}/moved"))
    assert made.error.startswith("git says: ")
    assert server.asked == [path]


def test_internal_repository_is_refused_at_once(collection):
    with pytest.raises(Rejected, match=r"^10\.0\.0\.1 is not on the public internet"):
        source_of(collection, "https://10.0.0.1/x.git")


def test_secrets_are_not_among_the_words_that_others_can_see(monkeypatch, repository, tmp_path):
    seen = []
    real = subprocess.Popen

    def started(words, **options):
        seen.append((words, options["env"]))
        return real(["false"], **options)

    monkeypatch.setattr(repositories.subprocess, "Popen", started)
    monkeypatch.setattr(repositories.addresses, "vetted", lambda host, port: ["93.184.216.34"])
    with (
        pytest.raises(sources.items.Unlisted),
        repositories.fetched("https://a.example/", "", "s3c"),
    ):
        pass
    words, environment = seen[0]
    assert "s3c" not in str(words)
    assert "a.example:443:93.184.216.34" in environment.values()
    assert not any(name.lower().endswith("_proxy") for name in environment)


def test_large_files_are_told_without_being_read(repository, collection, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    commit(repository, {"large.txt": "a" * 5000})
    made = run(source_of(collection, repository))
    assert counts(made) == ("done", 3, 0, 0, 0, 0, 1)
    assert made.problems.get().reason.startswith("The file is too large")
