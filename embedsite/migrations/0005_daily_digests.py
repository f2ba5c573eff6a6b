"""Every morning what landed near one's interests goes out by e-mail, where e-mail is set up."""

from django.db import migrations

NAME, TASK = "Send digests", "search_app.tasks.send_digests"


def install(apps, schema_editor):
    CrontabSchedule = apps.get_model("django_celery_beat", "CrontabSchedule")
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    crontab, _ = CrontabSchedule.objects.get_or_create(hour="6", minute="10", timezone="UTC")
    PeriodicTask.objects.get_or_create(name=NAME, defaults={"task": TASK, "crontab": crontab})


class Migration(migrations.Migration):
    dependencies = [("embedsite", "0004_nightly_upkeep")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
