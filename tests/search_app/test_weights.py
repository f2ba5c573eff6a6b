"""The numbers of the ranking, as they are stored and read again."""

import pytest

from search_app.analysis.weights import Weights, WeightsError


def test_weights_survive_json():
    changed = Weights(meaning=0.4)
    assert Weights.from_json(changed.to_json()) == changed


def test_weights_that_are_not_named_keep_those_of_the_base():
    base = Weights(meaning=0.4, keywords=0.5)
    assert Weights.from_json({"keywords": 1}, base) == Weights(meaning=0.4, keywords=1.0)
    assert Weights.from_json({}) == Weights()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"magic": 1}, "magic is no weight"),
        ({"meaning": "much"}, "meaning is 'much'; it must be a number"),
        ({"meaning": True}, "meaning is True; it must be a number"),
        ({"meaning": -1}, "meaning is -1.0; it must be a number from 0 on"),
        ({"meaning": float("nan")}, "meaning is nan"),
        ({"meaning": 1e308}, "from 0 on, 1000000 at most"),
        ({"meaning": 10**400}, "from 0 on, 1000000 at most"),
        ({"coverage_from": 1}, "coverage_from is 1.0; it must be below 1"),
    ],
)
def test_bad_weights_are_refused_in_words(values, message):
    with pytest.raises(WeightsError, match=message):
        Weights.from_json(values)
