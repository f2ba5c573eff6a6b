"""Pytest plugin: what tests cost, by file and by fixture: `pytest -p tests.costs ...`

Seconds of the clock, and of the CPU: those of this process, of commands it ran and waited for,
and of the database connection. On a busy machine only the latter mean something. With `-n`
the CPU and the fixtures are those of each worker, the sums over all.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from django.db import connection

SHOWN = 40  # files and fixtures, dearest first
LEAST = 0.1  # seconds in all, of a fixture worth a line
Spent = tuple[float, float]  # of the clock, of the CPU

_backends: dict[int, float] = {}  # CPU of each database connection so far
_made: list[tuple[str, Spent]] = []  # fixtures of the phase
_inner: list[Spent] = []  # what fixtures inside the one being made took
_files: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
_fixtures: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
_before: Spent = (0.0, 0.0)


def _now() -> Spent:
    used = os.times()
    if connection.connection is not None and not connection.connection.closed:
        pid = connection.connection.info.backend_pid
        with suppress(psutil.Error):
            _backends[pid] = sum(psutil.Process(pid).cpu_times()[:2])
    return time.perf_counter(), sum(used[:4]) + sum(_backends.values())


def _since(before: Spent) -> Spent:
    clock, cpu = _now()
    return clock - before[0], cpu - before[1]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol() -> None:
    global _before
    _before = _now()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    before = _now()
    _inner.append((0.0, 0.0))
    try:
        return (yield)
    finally:
        clock, cpu = _since(before)
        of_others = _inner.pop()
        if _inner:
            _inner[-1] = (_inner[-1][0] + clock, _inner[-1][1] + cpu)
        name = f"{fixturedef.argname} ({fixturedef.scope}, {fixturedef.baseid or 'a plugin'})"
        _made.append((name, (clock - of_others[0], cpu - of_others[1])))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """A worker's report takes its figures along to the process that prints."""
    global _before
    report = yield
    report.costs = [_since(_before)[1], list(_made)]
    _made.clear()
    _before = _now()
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    cpu, made = report.costs
    row = _files[report.nodeid.partition("::")[0]]
    row[report.when] += report.duration
    row["cpu"] += cpu
    row["tests"] += report.when == "call"
    for name, (clock, own) in made:
        total = _fixtures[name]
        total[:] = total[0] + 1, total[1] + clock, total[2] + own


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    say = terminalreporter.write_line
    say("\n    cpu   setup    call    down  tests  file")
    rows = sorted(_files.items(), key=lambda row: -row[1]["cpu"])
    for name, row in rows[:SHOWN]:
        times = " ".join(f"{row[key]:7.1f}" for key in ("cpu", "setup", "call", "teardown"))
        say(f"{times} {row['tests']:6.0f}  {name}")
    say("\n    cpu   clock  times  fixture (its own; those inside it have their lines)")
    dearest = sorted(_fixtures.items(), key=lambda row: -row[1][2])[:SHOWN]
    for name, (times, clock, cpu) in dearest:
        if max(clock, cpu) > LEAST:
            say(f"{cpu:7.1f} {clock:7.1f} {times:6.0f}  {name}")
