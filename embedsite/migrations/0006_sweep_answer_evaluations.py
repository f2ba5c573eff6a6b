"""Every minute: runs over test questions that wait because a wake-up was lost."""

from django.db import migrations

NAME, TASK, SECONDS = "Sweep evaluations of answers", "rag_app.tasks.sweep", 60


def install(apps, schema_editor):
    IntervalSchedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    interval, _ = IntervalSchedule.objects.get_or_create(every=SECONDS, period="seconds")
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": TASK, "interval": interval})


class Migration(migrations.Migration):
    dependencies = [("embedsite", "0005_daily_digests")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
