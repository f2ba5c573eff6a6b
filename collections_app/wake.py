"""Wake-up calls to the workers. PostgreSQL holds the work: a call that is lost costs seconds."""

import logging
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

EXPIRES_SECONDS = 30  # by then the sweep has called again, so old calls never pile up
# A request waits for the broker, so it waits briefly.
IMPATIENT = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "max_retries": 0}


def call(task: Task[Any, Any], *args: Any) -> bool:
    """Ask a worker to run the task. False, and a line in the log, when the broker is away."""
    try:
        with task.app.connection_for_write(transport_options=_options(task)) as connection:
            options: dict[str, Any] = {"connection": connection, "retry": False}
            task.apply_async(args, expires=EXPIRES_SECONDS, **options)
    except (OperationalError, OSError) as error:
        logger.warning("The broker does not answer; the sweep will start %s: %s", task.name, error)
        return False
    return True


def call_on_commit(task: Task[Any, Any], *args: Any) -> None:
    """`call` once the rows that the task will read are there for all to see."""

    # A named function: Django's robust=True cannot report a failing functools.partial.
    def wake() -> None:
        call(task, *args)

    transaction.on_commit(wake, robust=True)


def _options(task: Task[Any, Any]) -> dict[str, Any]:
    return {**task.app.conf.broker_transport_options, **IMPATIENT}
