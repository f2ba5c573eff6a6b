"""Wake-up calls for runs over test questions. Losing one or getting it twice is harmless."""

from celery import shared_task

from collections_app.wake import call
from rag_app.evaluation import work


@shared_task
def run_answer_evaluation(evaluation_id: int) -> None:
    """Ask the test questions of a run for a while, and then, behind what waits, the rest."""
    if work.run(evaluation_id):
        call(run_answer_evaluation, evaluation_id)


@shared_task
def sweep() -> None:
    """Every minute: what waits because a worker died or a wake-up was lost."""
    work.give_up()
    for evaluation_id in work.waiting():
        call(run_answer_evaluation, evaluation_id)
