"""The second look at the best documents, by hand."""

import numpy as np
import pytest

from search_app.analysis.neighbours import second_look
from search_app.analysis.weights import Weights

A, B, C = [1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]
QUERY = np.array([1.0, 0.0, 0.0], np.float32)


def look(scores, rows, coverage=0.0, z=None, **weights):
    return second_look(
        np.array(scores),
        np.zeros(len(scores)) if z is None else np.array(z),
        np.array(rows, np.float32),
        QUERY,
        coverage,
        Weights(**{"neighbours": 0.0, "feedback": 0.0, **weights}),
    )


def test_neighbours_vouch_by_the_power_of_their_cosine():
    more = look([1.0, 0.0, 0.5], [A, B, C], neighbours=0.7)
    by = 0.7 * 0.8**8
    assert more.neighbours == pytest.approx([1 / (1 + by) - 1, by / (1 + by), 0.0], abs=1e-6)
    assert more.feedback.tolist() == [0.0, 0.0, 0.0]


def test_a_query_that_one_passage_holds_in_full_is_left_alone():
    more = look([1.0, 0.0, 0.5], [A, B, C], 1.0, neighbours=0.7, feedback=0.4)
    assert (more.neighbours.tolist(), more.feedback.tolist()) == ([0.0] * 3, [0.0] * 3)
    half = look([1.0, 0.0], [A, B], 0.5, neighbours=0.7).neighbours[1]
    by = 0.7 * (1 - 0.5**8) * 0.8**8
    assert half == pytest.approx(by / (1 + by), abs=1e-6)


def test_feedback_draws_what_is_near_the_best_documents():
    near, far = [0.5, 0.8, 0.33], [0.5, -0.8, 0.33]
    rows = [[0.6, 0.8, 0.0], [0.7, 0.7, 0.1], near, far]
    more = look([1.0, 0.9, 0.5, 0.5], rows, z=[3.0, 2.9, 2.0, 2.0], feedback=0.4)
    assert more.feedback[2] > more.feedback[3]
    assert more.feedback.sum() == pytest.approx(0.0, abs=1e-6)  # the mean stays


def test_a_document_without_a_vector_stays_as_it_is():
    nothing = [np.nan] * 3
    more = look([1.0, 0.2, 0.5], [A, nothing, B], neighbours=0.7, feedback=0.4, z=[3.0, 0.0, 1.0])
    assert (more.neighbours[1], more.feedback[1]) == (0.0, 0.0)
    assert more.neighbours[2] > 0
    alone = look([1.0, 0.2], [A, nothing], neighbours=0.7)
    assert alone.neighbours.tolist() == [0.0, 0.0]
