"""The parts of the runner: ports, presence, supervisor, administrator, static files."""

import os
import socket
import stat
import subprocess
import sys

import pytest
from django.conf import settings
from supervisor.options import ServerOptions

from embedsite.runner import administrator, ports, static, supervisor
from embedsite.runner.presence import Presence
from tests.embedsite.conftest import environment

ENTER = """
import sys
from pathlib import Path
from embedsite.runner.presence import Presence
print(Presence(Path(sys.argv[1])).enter(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port_that_is_free_is_kept():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ports.free(port) == port


def test_port_that_is_taken_leads_to_a_later_one(taken):
    assert taken < ports.free(taken) < taken + 100


def test_no_port_is_found_where_all_are_taken(taken):
    assert ports.free(taken, tries=1) is None


@pytest.mark.django_db
def test_administrator_gets_a_random_password_that_is_shown_again(var):
    paths = var / "secrets"
    paths.mkdir()
    first = administrator.password(var)
    assert len(first) >= 16
    assert administrator.password(var) == first
    admin = administrator.user()
    assert (admin.is_superuser, admin.is_staff, admin.check_password(first)) == (True, True, True)
    assert stat.S_IMODE((paths / "admin").stat().st_mode) == 0o600


@pytest.mark.django_db
def test_password_that_the_administrator_chose_is_neither_shown_nor_changed(var):
    (var / "secrets").mkdir()
    administrator.password(var)
    admin = administrator.user()
    admin.set_password("my own words")
    admin.save()
    assert administrator.password(var) is None
    assert administrator.user().check_password("my own words")


def test_one_runner_at_a_time(var):
    first, second = Presence(var), Presence(var)
    assert first.enter() is True
    first.write(url="http://127.0.0.1:8123/")
    assert second.enter() is False
    assert second.read() == {"pid": os.getpid(), "url": "http://127.0.0.1:8123/"}
    first.leave()
    assert second.enter() is True
    second.leave()
    assert second.read() == {}


def test_runner_that_was_killed_does_not_block_the_next(var):
    command = [sys.executable, "-c", ENTER, str(var)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        presence = Presence(var)
        assert presence.enter() is False
        other.kill()
    assert presence.enter() is True
    presence.leave()


def test_processes_that_a_killed_runner_left_are_ended_and_no_others(var, make_var):
    marked = environment(var) | {supervisor.MARK: str(var)}
    foreign = environment(var) | {supervisor.MARK: str(make_var())}
    with (
        subprocess.Popen(["sleep", "60"], env=marked) as orphan,
        subprocess.Popen(["sleep", "60"], env=foreign) as stranger,
    ):
        assert Presence(var).end_orphans() == 1
        assert orphan.wait(30) is not None
        assert stranger.poll() is None
        stranger.kill()


def test_supervisor_reads_its_configuration(var, monkeypatch):
    (var / "run").mkdir()
    (var / "log").mkdir()
    (var / "run" / "supervisord.conf").write_text(supervisor.configuration(8123))
    monkeypatch.chdir(var)
    options = ServerOptions()
    options.realize(["-c", "run/supervisord.conf"])
    [group] = options.process_group_configs
    commands = {program.name: program.command for program in group.process_configs}
    assert group.name == "site"
    assert sorted(commands) == ["beat", "urgent", "web", "worker"]
    assert "--bind 127.0.0.1:8123 " in commands["web"]
    assert commands["worker"].endswith("-n worker@%h")
    assert [program.autorestart for program in group.process_configs].count(False) == 0


def test_supervisor_gives_its_processes_the_sites_folders(var):
    found = supervisor.environment(settings.BASE_DIR, var)
    assert (found[supervisor.MARK], found["EMBEDSITE_VAR"]) == (str(var), str(var))
    assert found["PYTHONPATH"] == str(settings.BASE_DIR)
    assert found["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)


def test_static_files_are_gathered_only_when_one_changed(tmp_path, settings):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("a {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = root = tmp_path / "static"
    assert [static.collect(root), static.collect(root)] == [True, False]
    (source / "b.css").write_text("b {}")
    assert static.collect(root) is True
    assert (root / "b.css").exists()
