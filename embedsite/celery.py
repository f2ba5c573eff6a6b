"""The Celery app. Tasks carry ids only and are wake-up calls: the queue is in PostgreSQL."""

import os

from celery import Celery

from embedsite import heartbeat  # noqa: F401 (connects itself to the workers' heartbeat)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")

app = Celery("embedsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
