"""The sweep's messages no longer expire.

They did after 20 s by the worker's clock; one that is ahead would have left all work undone.
"""

from django.db import migrations

TASK = "collections_app.tasks.sweep"


def keep(apps, schema_editor):
    PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
    PeriodicTask.objects.filter(task=TASK, expire_seconds=20).update(expire_seconds=None)


class Migration(migrations.Migration):
    dependencies = [("embedsite", "0001_schedules")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
