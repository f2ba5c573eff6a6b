"""The scheduled jobs: there after the migrations, real tasks, and editable in the admin."""

import pytest
from celery import current_app
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

JOBS = {
    "Sweep the embedding queue": "collections_app.tasks.sweep",
    "Sweep related lists and clusters": "search_app.tasks.sweep",
    "Check every document's vectors": "collections_app.tasks.nightly_check",
    "Refresh clusters": "search_app.tasks.refresh_clusters",
    "Evaluate search": "search_app.tasks.evaluate_nightly",
    "Sweep evaluations of answers": "rag_app.tasks.sweep",
}


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))


def test_jobs_are_installed_and_name_tasks_that_exist():
    jobs = PeriodicTask.objects.filter(name__in=JOBS)
    assert dict(jobs.values_list("name", "task")) == JOBS
    assert all(job.enabled for job in jobs)
    current_app.loader.import_default_modules()
    assert set(JOBS.values()) <= set(current_app.tasks)


def test_jobs_are_listed(client, admin):
    page = client.get(reverse("admin:django_celery_beat_periodictask_changelist"))
    assert set(JOBS) <= {job.name for job in page.context["cl"].result_list}


def test_job_is_edited(client, admin):
    job = PeriodicTask.objects.get(task="collections_app.tasks.sweep")
    slower = IntervalSchedule.objects.create(every=5, period="minutes")
    url = reverse("admin:django_celery_beat_periodictask_change", args=[job.pk])
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value is not None}
    values |= {"interval": slower.pk, "enabled": ""}
    response = client.post(url, values)
    assert response.status_code == 302, response.context["adminform"].form.errors
    job.refresh_from_db()
    assert (job.interval, job.enabled) == (slower, False)
