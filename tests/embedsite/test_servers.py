"""The embedded PostgreSQL and Redis: made, closed to others, and up again after any crash."""

import os
import pwd
import shutil
import subprocess

import psutil
import psycopg
import pytest
import redis

from embedsite.servers import binaries, paths, processes, sizing
from embedsite.servers.account import account, open_up
from embedsite.servers.errors import ServerError
from embedsite.servers.postgres import Postgres
from embedsite.servers.redis import Redis

pytestmark = pytest.mark.slow  # makes a cluster

KNOCK = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
GB = 1024**3


@pytest.fixture(scope="module")
def servers_folder(make_var):
    """One cluster for the tests of this file; each finds it up or down and says what it needs."""
    layout = paths.layout(make_var())
    user = account(layout)
    open_up(layout, user)
    return layout, user


@pytest.fixture
def database(servers_folder):
    server = Postgres(*servers_folder)
    server.start()
    return server


@pytest.fixture
def broker(servers_folder):
    server = Redis(*servers_folder)
    server.start()
    return server


def connect(server, **changed):
    entry = paths.database(server.layout.var)
    arguments = {
        "host": entry["HOST"],
        "user": entry["USER"],
        "dbname": entry["NAME"],
        "password": entry["PASSWORD"],
    }
    return psycopg.connect(**(arguments | changed), autocommit=True)


def ask(server, statement):
    with connect(server) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


def client(server):
    return redis.Redis(unix_socket_path=str(server.layout.redis_socket), decode_responses=True)


def kill(process):
    process.kill()
    assert processes.wait_until(lambda: not process.is_running(), 60)


def postmaster(server):
    return psutil.Process(processes.from_pid_file(server.data / "postmaster.pid"))


def test_cluster_has_a_pgvector_without_known_faults(database):
    [(version,)] = ask(database, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    assert tuple(map(int, version.split("."))) >= (0, 8, 5)
    [(server,)] = ask(database, "SHOW server_version")
    assert server.partition(".")[0] == binaries.MAJOR


def test_cluster_sorts_and_encodes_the_same_on_every_machine(database):
    [row] = ask(
        database,
        "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding)"
        " FROM pg_database WHERE datname = current_database()",
    )
    assert row == ("b", "C.UTF-8", "UTF8")


def test_neither_server_listens_on_the_network(database, broker):
    pids = {postmaster(database).pid, processes.from_pid_file(broker.pid_file)}
    listening = [one for one in psutil.net_connections("inet") if one.pid in pids]
    assert listening == []


def test_wrong_password_is_refused(database):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(database, password="wrong")


def test_superuser_cannot_log_in(database):
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        connect(database, user="postgres", dbname="postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("name", [".s.PGSQL.5432", "redis.sock"])
def test_other_users_of_the_machine_cannot_reach_the_sockets(database, broker, name):
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run(
        ["python3", "-S", "-c", KNOCK, str(database.layout.sockets / name)],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        env={"PATH": os.defpath + ":/usr/local/bin"},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert "PermissionError" in done.stderr


def test_password_file_and_data_are_for_one_user_alone(database):
    var = database.layout.var
    found = [var / "secrets" / "postgres", var / "secrets", database.data, database.layout.sockets]
    assert [path.stat().st_mode & 0o077 for path in found] == [0, 0, 0, 0]


def test_start_of_a_running_server_changes_nothing(database, broker):
    before = postmaster(database).pid, processes.from_pid_file(broker.pid_file)
    database.start()
    broker.start()
    assert (postmaster(database).pid, processes.from_pid_file(broker.pid_file)) == before


def test_committed_rows_survive_a_killed_postmaster(database):
    ask(database, "CREATE TABLE IF NOT EXISTS kept (n int)")
    ask(database, "INSERT INTO kept VALUES (1)")
    kill(postmaster(database))
    assert database.is_up() is False
    database.start()
    assert ask(database, "SELECT count(*) > 0 FROM kept") == [(True,)]


def test_stale_files_that_name_a_living_process_are_dealt_with(database):
    """As after a power cut, when the old number belongs to another process of the same user."""
    kill(postmaster(database))
    assert processes.wait_until(lambda: database._is_gone(), 60)
    with subprocess.Popen(["sleep", "60"], **database.user.popen) as stranger:
        for stale in (
            database.data / "postmaster.pid",
            database.layout.sockets / ".s.PGSQL.5432.lock",
        ):
            text = stale.read_text() if stale.exists() else f"0\n{database.data}\n0\n5432\n\n\n"
            database.user.write(stale, str(stranger.pid) + "\n" + text.partition("\n")[2])
        try:
            database.start()
            assert database.is_up()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_lost_password_is_made_anew(database):
    (database.layout.var / "secrets" / "postgres").unlink()
    assert database.is_up() is False
    database.start()
    assert ask(database, "SELECT current_user") == [("embedsite",)]


def test_stop_ends_open_sessions(database):
    with connect(database) as open_session:
        database.stop()
        assert database.is_up() is False
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")


def test_cluster_of_another_version_is_left_alone(make_var):
    layout = paths.layout(make_var())
    user = account(layout)
    open_up(layout, user)
    user.folder(layout.postgres)
    user.write(layout.postgres / "PG_VERSION", "17\n")
    with pytest.raises(ServerError, match="was made by PostgreSQL 17; this release runs 18"):
        Postgres(layout, user).start()


def test_folder_that_is_no_cluster_is_left_alone(make_var):
    layout = paths.layout(make_var())
    user = account(layout)
    open_up(layout, user)
    user.folder(layout.postgres)
    user.write(layout.postgres / "diary.txt", "Dear diary")
    with pytest.raises(ServerError, match="is no PostgreSQL cluster: move it away first"):
        Postgres(layout, user).start()
    assert (layout.postgres / "diary.txt").read_text() == "Dear diary"


def test_messages_survive_a_killed_redis(broker):
    with client(broker) as talk:
        talk.set("kept", "yes")
    kill(psutil.Process(processes.from_pid_file(broker.pid_file)))
    assert broker.is_up() is False
    broker.start()
    with client(broker) as talk:
        assert talk.get("kept") == "yes"
        assert talk.config_get("appendonly") == {"appendonly": "yes"}


def test_redis_whose_data_was_removed_starts_empty(broker):
    with client(broker) as talk:
        talk.set("kept", "yes")
    shutil.rmtree(broker.data)
    assert broker.is_up() is False
    broker.start()
    with client(broker) as talk:
        assert talk.get("kept") is None


def test_redis_with_a_stale_pid_file_and_socket_starts(broker):
    broker.stop()
    broker.user.write(broker.pid_file, f"{os.getpid()}\n")
    broker.layout.redis_socket.touch()
    broker.start()
    assert broker.is_up()


def test_memory_is_sized_from_the_machine(tmp_path, monkeypatch):
    found = {}
    for gigabytes in (1, 16, 512):
        memory = psutil.virtual_memory()._replace(total=gigabytes * GB)
        monkeypatch.setattr(sizing.psutil, "virtual_memory", lambda memory=memory: memory)
        settings = sizing.sized(tmp_path)
        names = ("shared_buffers", "maintenance_work_mem", "work_mem")
        found[gigabytes] = tuple(settings[name] for name in names)
    assert found == {
        1: ("128MB", "64MB", "4MB"),
        16: ("2048MB", "1024MB", "32MB"),
        512: ("4096MB", "2048MB", "64MB"),
    }


def test_wal_is_sized_from_the_disk(tmp_path, monkeypatch):
    found = []
    for gigabytes in (1, 40, 4000):
        disk = psutil.disk_usage("/")._replace(free=gigabytes * GB)
        monkeypatch.setattr(sizing.psutil, "disk_usage", lambda path, disk=disk: disk)
        found.append(sizing.sized(tmp_path)["max_wal_size"])
    assert found == ["256MB", "2048MB", "4096MB"]


def test_servers_do_not_hear_the_terminal(database, broker):
    """Ctrl-C goes to a whole session; the servers are stopped after those who use them."""
    pids = [postmaster(database).pid, processes.from_pid_file(broker.pid_file)]
    assert os.getsid(0) not in [os.getsid(pid) for pid in pids]
