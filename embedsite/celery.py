"""The Celery app. Tasks carry ids only and are wake-up calls: the queue is in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "embedsite.settings")

app = Celery("embedsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
