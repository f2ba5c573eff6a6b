"""Which management commands find the embedded database running."""

import pytest

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
