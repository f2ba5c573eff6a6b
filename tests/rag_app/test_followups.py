"""Which questions stand alone, and what is made of those that do not."""

import pytest

from rag_app.language.followups import joined, rewriting, rewritten, stands_alone


@pytest.mark.parametrize(
    "question",
    [
        "How do I back up a database?",
        "What port does the web server listen on",
        "怎樣備份資料庫到另一台機器",
        "it " * 300,
    ],
)
def test_what_names_its_matter_stands_alone(question):
    assert stands_alone(question)


@pytest.mark.parametrize(
    "question",
    ["How long?", "And for bread?", "When is it copied to another machine?", "它多久執行一次",
     "那麵包呢？", "Why would one do that with the others", ""],
)  # fmt: skip
def test_what_points_back_does_not(question):
    assert not stands_alone(question)


def test_two_questions_become_one():
    assert joined("How is it made? What with?", "How long?") == (
        "How is it made, What with: How long?"
    )


def test_a_rewriting_sees_the_end_of_the_conversation_within_its_limit():
    talk = [{"role": "user", "content": f"{n} " + "w" * 100} for n in range(10)]
    [_rules, asked] = rewriting(talk, "And it?", 250)
    assert asked["content"].endswith("Last question: And it?")
    assert "user: 9 " in asked["content"]
    assert "user: 6 " not in asked["content"]
    assert len(asked["content"]) < 250 + 100


@pytest.mark.parametrize(
    ("reply", "made"),
    [
        ("When is it copied?", "When is it copied?"),
        ('\n "When?" \n', "When?"),
        ("", ""),
        ("Sure!\nHere it is: When?", ""),
        ("w" * 1001, ""),
    ],
)
def test_only_one_line_is_taken_for_a_question(reply, made):
    assert rewritten(reply) == made
