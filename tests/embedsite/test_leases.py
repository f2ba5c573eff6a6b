"""Commands share the embedded servers: the first starts them, the last stops them."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from embedsite.servers import account, paths, processes
from embedsite.servers.errors import ServerError
from embedsite.servers.lease import Lease, held
from tests.embedsite.conftest import environment, servers

MANAGE = [sys.executable, "manage.py"]
ASK = "from django.db import connection; connection.ensure_connection()"
HOLD = """
import sys
from pathlib import Path
from embedsite.servers.lease import Lease
Lease(Path(sys.argv[1])).take()
print("taken", flush=True)
sys.stdin.read()
"""
pytestmark = pytest.mark.slow  # most start and stop servers
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def shared(make_var):
    """One folder for the tests that leave its servers stopped."""
    return make_var()


def holder(var):
    """Another process that holds the servers of `var`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(var)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "taken\n"
    return process


def test_last_user_stops_the_servers(shared):
    first, second = Lease(shared, redis=True), Lease(shared)
    first.take()
    second.take()
    assert servers(shared) == ["postgres", "redis-server"]
    assert first.give_back() is False
    assert servers(shared) == ["postgres", "redis-server"]
    assert second.give_back() is True
    assert servers(shared) == []


def test_user_that_was_killed_no_longer_counts(shared):
    other = holder(shared)
    lease = Lease(shared)
    lease.take()
    other.kill()
    other.communicate()
    assert lease.give_back() is True
    assert servers(shared) == []


def test_servers_whose_users_were_all_killed_are_taken_over(shared):
    other = holder(shared)
    other.kill()
    other.communicate()
    assert servers(shared) == ["postgres"]
    with held(shared):
        assert servers(shared) == ["postgres"]
    assert servers(shared) == []


def test_what_died_is_started_again(shared):
    with held(shared, redis=True) as lease:
        assert lease.restart_dead() == []
        database, broker = lease._wanted
        psutil.Process(processes.from_pid_file(database.data / "postmaster.pid")).kill()
        psutil.Process(processes.from_pid_file(broker.pid_file)).kill()
        assert processes.wait_until(lambda: not database.is_up() and not broker.is_up(), 60)
        assert lease.restart_dead() == ["Postgres", "Redis"]
        assert servers(shared) == ["postgres", "redis-server"]


def test_nothing_starts_where_servers_of_the_users_are_set(var):
    with held(var, postgres=False, redis=False) as lease:
        assert lease is None
        assert servers(var) == []


def test_commands_at_once_share_the_database_and_leave_it_stopped(shared):
    running = [
        subprocess.Popen(
            [*MANAGE, "shell", "--no-imports", "-c", ASK],
            env=environment(shared),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    outputs = [one.communicate(timeout=300) for one in running]
    assert [one.returncode for one in running] == [0, 0], outputs
    # The first of all makes the tables, and says so; the other waits for them.
    said = {errors for _, errors in outputs}
    assert said <= {b"", b"Preparing the database (once) ...\n"}
    assert b"" in said
    assert servers(shared) == []


def test_command_leaves_a_running_database_running(shared):
    with held(shared):
        subprocess.run(
            [*MANAGE, "shell", "--no-imports", "-c", ASK],
            env=environment(shared),
            check=True,
            capture_output=True,
            timeout=300,
        )
        assert servers(shared) == ["postgres"]


def test_command_that_is_told_to_end_stops_its_database(shared):
    script = "import time; print('in', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [*MANAGE, "shell", "--no-imports", "-c", script],
        env=environment(shared),
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout.readline() == b"in\n"
        assert servers(shared) == ["postgres"]
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 128 + signal.SIGTERM
    assert servers(shared) == []


@root_only
def test_root_gives_the_servers_to_a_user_without_rights(var):
    layout = paths.layout(var)
    user = account.account(layout)
    account.open_up(layout, user)
    assert user.uid != 0
    assert layout.home == var
    assert user.folder(layout.postgres).stat().st_uid == user.uid
    assert account.account(layout) == user


@root_only
def test_root_in_a_closed_folder_keeps_the_servers_files_elsewhere(make_var):
    closed = make_var()
    closed.chmod(0o700)
    var = closed / "var"
    layout = paths.layout(var)
    assert layout.home.parent == paths.FALLBACK
    account.open_up(layout, account.account(layout))
    assert (var / "postgres").readlink() == layout.postgres
    assert paths.layout(var) == layout
    layout.log.rmdir()
    for folder in (layout.locks, layout.home):
        folder.rmdir()


@root_only
def test_another_users_cluster_is_refused(var, monkeypatch):
    layout = paths.layout(var)
    (var / "postgres").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    os.chown(var / "postgres", 54321, 54321)
    with pytest.raises(ServerError, match=r"belongs to another user \(uid 54321\)"):
        account.account(layout)
    (var / "postgres").rmdir()


def test_folder_of_another_or_a_link_in_its_place_is_refused(var):
    user = account.account(paths.layout(var))
    (var / "sockets").symlink_to("/tmp")
    with pytest.raises(ServerError, match=f"should be a folder of the user {user.name}"):
        user.folder(var / "sockets")


def test_folder_of_ours_is_closed_to_others(var):
    user = account.account(paths.layout(var))
    user.folder(var / "sockets").chmod(0o777)
    assert stat.S_IMODE(user.folder(var / "sockets").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "var",
    ["/srv/with space/var", "/srv/名前/var", "/srv/" + "long/" * 20 + "var", "/srv/it's/var"],
)
def test_sockets_have_a_short_plain_path_wherever_the_site_is(var):
    socket = str(paths.layout(Path(var)).sockets / ".s.PGSQL.5432")
    assert len(socket) <= 107
    assert socket.isascii()
    assert not set(socket) & set(" '\"%")


def test_secret_is_made_once_and_kept(var):
    first = paths.secret(var, "key")
    assert len(first) == 64
    assert paths.secret(var, "key") == first
    assert paths.secret(var, "other") != first
    assert stat.S_IMODE((var / "secrets" / "key").stat().st_mode) == 0o600
