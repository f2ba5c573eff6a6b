"""The scheduled jobs the site starts with.

A migration runs once, so a job that an administrator edits, disables or deletes stays so.
"""

from django.db import migrations

EVERY = [  # name, task, seconds
    ("Sweep the embedding queue", "collections_app.tasks.sweep", 20),
    ("Sweep related lists and clusters", "search_app.tasks.sweep", 30),
]
NIGHTLY = [  # name, task, hour, minute (UTC)
    ("Check every document's vectors", "collections_app.tasks.nightly_check", "3", "10"),
    ("Refresh clusters", "search_app.tasks.refresh_clusters", "3", "40"),
]


def install(apps, schema_editor):
    IntervalSchedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    CrontabSchedule = apps.get_model("django_celery_beat", "CrontabSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, seconds in EVERY:
        interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")
        # A tick that could not be delivered in time is worthless: the next one does its work.
        PeriodicTask.objects.get_or_create(
            name=name,
            defaults={"task": task, "interval": interval, "expire_seconds": seconds},
        )
    for name, task, hour, minute in NIGHTLY:
        crontab, _ = CrontabSchedule.objects.get_or_create(hour=hour, minute=minute, timezone="UTC")
        PeriodicTask.objects.get_or_create(name=name, defaults={"task": task, "crontab": crontab})


class Migration(migrations.Migration):
    dependencies = [("django_celery_beat", "0019_alter_periodictasks_options")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
