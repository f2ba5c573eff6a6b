"""Every night the judged queries of each collection are run."""

from django.db import migrations

NAME, TASK = "Evaluate search", "search_app.tasks.evaluate_nightly"


def install(apps, schema_editor):
    CrontabSchedule = apps.get_model("django_celery_beat", "CrontabSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    crontab, _ = CrontabSchedule.objects.get_or_create(hour="4", minute="10", timezone="UTC")
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": TASK, "crontab": crontab})


class Migration(migrations.Migration):
    dependencies = [("embedsite", "0002_sweep_never_expires")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
