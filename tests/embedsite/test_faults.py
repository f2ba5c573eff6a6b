"""A short run of the faults that differ most; `make faults` runs all on more documents."""

from dataclasses import replace

import pytest

from bench import faults

pytestmark = pytest.mark.slow

NAMES = ["killed before the commit", "halted in its commit", "deadly file", "disk full"]
NAMES += ["halted, back amid others", "clock two hours ahead"]
COUNT = 40


def test_nothing_is_lost_embedded_twice_or_half_written():
    with faults.made_site() as site:
        outcomes = list(faults.run(site, NAMES, COUNT))
    found = [
        (one.name, one.ready, one.set_aside, one.lost, one.twice, one.half) for one in outcomes
    ]
    assert found == [
        (name, COUNT - 1, 1, 0, 0, 0) if name == "deadly file" else (name, COUNT, 0, 0, 0, 0)
        for name in NAMES
    ]


def test_a_fault_that_loses_something_counts_as_bad():
    fine = faults.Outcome("any", 2, 2, 0, 0, 0, 0, 1, 1, seconds=1.0, expected_aside=0)
    assert not fine.bad
    for changes in ({"lost": 1}, {"twice": 1}, {"half": 1}, {"set_aside": 1}):
        assert replace(fine, **changes).bad
