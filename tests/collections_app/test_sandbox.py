"""The child processes that read what attacks its readers: used again, limited, never left over."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from collections_app.pipeline import sandbox
from collections_app.pipeline.extracted import XLSX, Unreadable
from collections_app.pipeline.sandbox import Limits, _forked, call
from collections_app.pipeline.sandbox_process import Process
from tests.collections_app.test_hostile_files import LAST_COLUMNS, sheet
from tests.collections_app.written_files import pdf

PDF = "application/pdf"
FILE = pdf(["Boats leave."])
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_children():
    """None from before, none left."""
    end_all()
    yield
    end_all()


def end_all():
    while sandbox._idle:
        sandbox._idle.pop().end()


def read(data=FILE, **limits):
    found = call("extract", data, limits=Limits(**limits), kind=PDF, max_chars=1000)
    return found.values["text"]


def children():
    return [process.pid for process in sandbox._idle]


def refusal(**limits):
    with pytest.raises(Unreadable) as caught:
        read(**limits)
    return str(caught.value)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid):
    until = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < until, f"{pid} is still there"
        time.sleep(0.02)


def test_child_is_used_again():
    assert read() == "Boats leave."
    [first] = children()
    assert [read() for _ in range(5)] == ["Boats leave."] * 5
    assert children() == [first]


def test_dead_child_is_replaced():
    read()
    [first] = children()
    os.kill(first, signal.SIGKILL)
    assert refusal().startswith(
        "Its reader crashed: the file is damaged, or needs more than 512 MB"
    )
    assert read() == "Boats leave."
    assert children() != [first]


def test_child_that_left_by_itself_is_no_fault_of_the_file():
    read()
    [process] = sandbox._idle
    os.close(process._requests)  # what the child sees when nobody needs it any more
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    reader, process._requests = os.pipe()
    os.close(reader)
    assert read() == "Boats leave."
    assert children() != [process.pid]


def test_child_that_hangs_is_ended():
    read()
    [first] = children()
    sandbox._idle[0].limits = Limits(seconds=1)  # only now: starting it may take longer
    os.kill(first, signal.SIGSTOP)
    began = time.monotonic()
    assert refusal(seconds=1).startswith("Reading it took more than 1 s (EXTRACT_SECONDS).")
    assert time.monotonic() - began < 30
    assert not alive(first)
    assert read() == "Boats leave."


def test_child_over_its_memory_says_so():
    big = b'{"cells": [' + b'{"a":[1,2]},' * 3_000_000 + b'{}], "nbformat": 4}'
    with pytest.raises(Unreadable) as caught:
        call("extract", big, limits=Limits(256), kind="application/x-ipynb+json", max_chars=100)
    reason = "Reading it needed more than 256 MB of memory (EXTRACT_MEMORY_MB)."
    assert str(caught.value).startswith(reason)
    assert children() == []  # its memory is torn up: it is not used again


def test_calls_of_threads_go_on_at_once():
    found = []
    threads = [threading.Thread(target=lambda: found.append(read())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["Boats leave."] * 6
    assert 1 <= len(children()) <= 2


def test_child_outlives_the_thread_that_started_it():
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    [first] = children()
    assert read() == "Boats leave."
    assert children() == [first]


def test_process_that_was_forked_off_starts_its_own():
    read()
    [first] = children()
    pid = os.fork()
    if not pid:  # as Celery's children are
        status = 1
        try:
            status = 0 if not children() and read() == "Boats leave." and children() else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert read() == "Boats leave."
    assert children() == [first]


AT_WORK = """
import sys, threading, time
from collections_app.pipeline.sandbox_process import Limits, Process

process = Process(Limits())
how = {"kind": "application/pdf", "max_chars": 99}
process.ask({"call": "extract", "kwargs": how}, b"x")
work = {"call": "extract", "kwargs": how | {"kind": sys.argv[1]}}
if len(sys.argv) > 2:
    data = open(sys.argv[2], "rb").read()
    threading.Thread(target=process.ask, args=(work, data), daemon=True).start()
    time.sleep(1)
print(process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("busy", [False, True])
def test_child_ends_with_the_process_that_started_it(busy, tmp_path):
    """Also in the midst of work that takes far longer than this test waits."""
    file = tmp_path / "slow.xlsx"
    file.write_bytes(sheet(LAST_COLUMNS, "A1"))
    program = [sys.executable, "-c", AT_WORK, XLSX, *([str(file)] if busy else [])]
    parent = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until_gone(pid)


def test_child_knows_no_secret_and_can_write_no_file(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setenv("DATABASE_URL", "postgres://hidden")
    process = Process(Limits())
    try:
        process.ask({"call": "extract", "kwargs": {"kind": PDF, "max_chars": 99}}, FILE)
        told = Path(f"/proc/{process.pid}/environ").read_bytes()
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        files = {p.name for p in Path(f"/proc/{process.pid}/fd").iterdir()}
    finally:
        process.end()
    assert b"hidden" not in told
    wanted = {"Max file size": "0", "Max core file size": "0", "Max address space": str(512 << 20)}
    for name, most in wanted.items():
        [line] = [line for line in limits.splitlines() if line.startswith(name)]
        assert line.removeprefix(name).split()[:2] == [most, most]
    assert files == {"0", "1", "2", "3", "4"}


def test_child_imports_neither_the_site_nor_a_model():
    program = (
        "import sys\n"
        "from collections_app.pipeline import sandbox_child, reading\n"
        f"reading.packed({FILE!r}, {PDF!r}, 99)\n"
        "print([name for name in ('django', 'torch', 'celery', 'numpy') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"


def test_forked_process_leaves_the_children_of_its_parent_alone():
    read()
    [process] = sandbox._idle
    copies = [os.dup(end) for end in (process._requests, process._answers, process._life)]
    _forked()
    assert alive(process.pid)
    assert children() == []
    for end in copies:
        os.close(end)
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)


def test_unknown_function_is_refused():
    with pytest.raises(Unreadable, match="The content could not be read"):
        call("os.system", b"")
