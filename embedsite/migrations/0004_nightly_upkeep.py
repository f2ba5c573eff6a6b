"""Every night collections are verified, and the recall of their indexes is measured."""

from django.db import migrations

NAME, TASK = "Look after indexes", "search_app.tasks.look_after_indexes"


def install(apps, schema_editor):
    CrontabSchedule = apps.get_model("django_celery_beat", "CrontabSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    crontab, _ = CrontabSchedule.objects.get_or_create(hour="4", minute="40", timezone="UTC")
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": TASK, "crontab": crontab})


class Migration(migrations.Migration):
    dependencies = [("embedsite", "0003_nightly_evaluation")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
