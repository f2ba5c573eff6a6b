"""Which management commands find the embedded database running."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from embedsite.servers.commands import needs_database


@pytest.mark.parametrize(
    "line",
    [
        "migrate",
        "collections list",
        "embed_multi notes --files . *.md",
        "shell",
        "check --database default",
    ],
)
def test_command_that_reads_or_writes_finds_the_database(line):
    assert needs_database(line.split()) is True


@pytest.mark.parametrize(
    "line", ["", "help", "check --deploy", "collectstatic", "runsite", "stopsite", "migrate --help"]
)
def test_command_that_needs_no_database_starts_none(line):
    assert needs_database(line.split()) is False


@pytest.mark.slow
def test_any_command_may_be_the_first(tmp_path):
    """In an empty state folder; what it started for itself is stopped again."""
    var = tmp_path / "var"
    done = subprocess.run(
        [sys.executable, "manage.py", "collections", "--json"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"EMBEDSITE_VAR": str(var), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
    assert done.stderr == "Preparing the database (once) ...\n"
    assert not (var / "postgres" / "postmaster.pid").exists()
