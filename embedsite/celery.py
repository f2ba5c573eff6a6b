"""The Celery app. Tasks carry ids only and are wake-up calls: the queue is in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from embedsite import heartbeat  # noqa: F401 (connects itself to the workers' heartbeat)

NICE = 10  # how far a worker's processes stand back where they share cores with the web

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")

app = Celery("embedsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def stand_back(**_about: Any) -> None:
    """A search comes first; what is embedded waits a moment longer."""
    os.nice(NICE)
