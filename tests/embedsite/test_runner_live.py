"""The whole site from one command: up, watched over, stopped, and up again after any crash."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest
from django.conf import settings

from embedsite.runner import supervisor
from embedsite.servers import paths, processes
from tests.embedsite.conftest import environment, servers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (settings.BASE_DIR / "embedsite" / "static" / "dist").is_dir(),
        reason="the browser parts are not built: python3 run.py build",
    ),
]
PATIENCE = 120  # seconds; the tests of others may keep this machine busy


class Run:
    """`manage.py runsite` in a session of its own, and what it printed."""

    def __init__(self, var, port):
        self.var = var
        self.port = port
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "runsite", "--port", str(port)],
            env=environment(var),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, words):
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return self
        raise AssertionError(self.output)

    def url(self):
        return re.search(r"embedsite is at (\S+)", self.output)[1]

    def health(self):
        try:
            with urllib.request.urlopen(self.url() + "health/", timeout=5) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError) as error:
            return {"error": str(error)}

    def is_well(self):
        return set(self.health().values()) == {"OK"}

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        self.output += self.process.communicate(timeout=PATIENCE)[0]
        return self.process.returncode


def ours(var):
    """The site's processes, the runner not counted."""
    return processes.find(lambda one: one.environ().get(supervisor.MARK) == str(var))


def named(var, words):
    [found] = [one for one in ours(var) if words in " ".join(one.cmdline())]
    return found


@pytest.fixture(scope="module")
def site_folder(make_var):
    return make_var()


@pytest.fixture
def site(site_folder):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    run = Run(site_folder, port).read_until("Ctrl-C stops it.")
    yield run
    if run.process.poll() is None:
        run.interrupt()
    run.process.stdout.close()


def test_site_is_up_and_is_gone_after_ctrl_c(site):
    assert site.is_well()
    assert servers(site.var) == ["postgres", "redis-server"]
    assert site.interrupt() == 0
    assert site.output.splitlines()[-2:] == ["Stopping ...", "Stopped."]
    assert ours(site.var) == []
    assert servers(site.var) == []
    left = {path.name for path in (site.var / "run").iterdir()} - {"sockets"}
    assert left == {"servers.lock", "site.lock", "start.lock", "supervisord.conf"}


def test_second_run_says_where_the_first_is_and_another_port_is_taken_elsewhere(site, make_var):
    second = Run(site.var, site.port)
    output, _ = second.process.communicate(timeout=PATIENCE)
    assert output == (
        f"embedsite is already running at {site.url()}; stop it with `manage.py stopsite`.\n"
    )
    other = Run(make_var(), site.port).read_until("Ctrl-C stops it.")
    assert f"Port {site.port} is taken; using " in other.output
    assert other.is_well()
    assert other.interrupt() == 0


def test_dead_parts_are_started_again(site):
    layout = paths.layout(site.var)
    named(site.var, "supervisord").kill()
    psutil.Process(processes.from_pid_file(layout.postgres / "postmaster.pid")).kill()
    psutil.Process(processes.from_pid_file(layout.sockets / "redis.pid")).kill()
    site.read_until("The supervisor had died and was started again.")
    assert processes.wait_until(site.is_well, PATIENCE, pause=0.5)
    assert site.interrupt() == 0
    for name in ("Postgres", "Redis"):
        assert f"{name} had died and was started again.\n" in site.output


def test_next_start_works_after_all_was_killed(site):
    layout = paths.layout(site.var)
    site.process.kill()
    site.process.wait()
    psutil.Process(processes.from_pid_file(layout.postgres / "postmaster.pid")).kill()
    psutil.Process(processes.from_pid_file(layout.sockets / "redis.pid")).kill()
    again = Run(site.var, site.port)
    again.read_until("Ctrl-C stops it.")
    assert re.search(r"Ended \d+ processes that an earlier run had left behind.", again.output)
    assert again.is_well()
    assert again.interrupt() == 0
    assert (ours(site.var), servers(site.var)) == ([], [])


def test_stopsite_stops_a_running_site(site):
    done = subprocess.run(
        [sys.executable, "manage.py", "stopsite"],
        env=environment(site.var),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.returncode) == ("Stopped.\n", 0)
    assert site.process.wait(PATIENCE) == 0
    assert (ours(site.var), servers(site.var)) == ([], [])


def test_stopsite_clears_up_after_a_runner_that_was_killed(site):
    site.process.kill()
    site.process.wait()
    done = subprocess.run(
        [sys.executable, "manage.py", "stopsite"],
        env=environment(site.var),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout.startswith("No site was running; ")
    assert (ours(site.var), servers(site.var)) == ([], [])
