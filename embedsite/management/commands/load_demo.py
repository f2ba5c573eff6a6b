"""`load_demo`: the demo collections, once."""

import argparse
import time
from io import BytesIO
from typing import Any

import redis
from django.conf import settings
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from collections_app import services
from collections_app.demo import catalogue
from collections_app.demo.documents import DemoCollection, DemoDocument
from collections_app.ingest.work import BATCH
from collections_app.management.waiting import embed_all
from collections_app.models import Collection, Document
from embedsite import heartbeat
from embedsite.runner import administrator
from embedsite.runner.meter import Meter
from rag_app.answer import measuring
from rag_app.evaluation import questions
from search_app import clusters

PAUSE_SECONDS = 0.5
MARK = "load_demo"  # in the administrator's log: what was loaded once is not brought back


class Command(BaseCommand):
    help = "Makes the demo collections and waits until the workers have embedded them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--restore",
            action="store_true",
            help="bring back demo content that was deleted or edited",
        )

    def handle(self, *, restore: bool, **options: Any) -> None:
        owner = administrator.user()
        wanted = [plan for plan in catalogue.COLLECTIONS if restore or not _is_loaded(owner, plan)]
        try:
            for plan in wanted:
                added = _load(owner, plan)
                self.stdout.write(f"{plan.name}: {added} documents added.")
                _keep_questions(owner, plan)
        except services.Rejected as error:
            raise CommandError(str(error)) from error
        self._embed(owner)
        _ask_for_clusters(owner)

    def _embed(self, owner: User) -> None:
        names = [plan.name for plan in catalogue.COLLECTIONS]
        collections = list(Collection.objects.editable_by(owner).filter(name__in=names))
        documents = Document.objects.filter(collection__in=collections)
        waiting = documents.filter(state=Document.State.QUEUED)
        if left := waiting.count():
            self._wait(collections, waiting, documents.count(), left)
        if failed := documents.filter(state=Document.State.SET_ASIDE).count():
            self.stderr.write(f"{failed} documents were set aside; their pages say why.")

    def _wait(
        self,
        collections: list[Collection],
        waiting: QuerySet[Document],
        total: int,
        left: int,
    ) -> None:
        """Wait for the workers; without any, do their work."""
        with Meter(total, left, self.stdout) as meter:
            if _no_worker_runs():
                for collection in collections:
                    embed_all(collection, lambda _: meter.show(waiting.count()), batch=BATCH)
            while left := waiting.count():
                meter.show(left)
                time.sleep(PAUSE_SECONDS)
            meter.show(0)


def _is_loaded(owner: User, plan: DemoCollection) -> bool:
    return LogEntry.objects.filter(
        user=owner, action_flag=ADDITION, change_message=MARK, object_repr=plan.name
    ).exists()


def _load(owner: User, plan: DemoCollection) -> int:
    """Make the collection where there is none, and add the documents that it lacks."""
    collection = Collection.objects.editable_by(owner).filter(name=plan.name).first()
    if collection is None:
        collection = services.create_collection(
            owner,
            plan.name,
            description=plan.description,
            visibility=Collection.Visibility.PUBLIC,
            model=services.demo_picture_model() if plan.sees else None,
            word_list=plan.words,
        )
    result = services.add_documents(collection, map(_incoming, plan.make()))
    LogEntry.objects.log_actions(
        owner.pk, [collection], ADDITION, change_message=MARK, single_object=True
    )
    return len(result.added)


def _keep_questions(owner: User, plan: DemoCollection) -> None:
    """The test questions that come with the collection, where there are any."""
    if file := questions.demo().get(plan.name):
        home = Collection.objects.editable_by(owner).get(name=plan.name)
        questions.bring_in(home, measuring.questions(file.read_bytes()))


def _ask_for_clusters(owner: User) -> None:
    """Those of the collections that are to have some and were never asked for any."""
    for plan in catalogue.COLLECTIONS:
        found = Collection.objects.editable_by(owner).filter(name=plan.name).first()
        if plan.clustered and found and clusters.clustering(owner, found) is None:
            clusters.request(found, wanted=None)


def _incoming(document: DemoDocument) -> services.Incoming:
    picture = BytesIO(document.picture) if document.picture else None
    return services.Incoming(
        external_id=document.external_id,
        body=None if picture else document.text,
        blob=services.store_blob(picture, settings.MAX_UPLOAD_BYTES) if picture else None,
        title=document.title,
        media_type=document.media_type,
        metadata=document.metadata,
    )


def _no_worker_runs() -> bool:
    try:
        return not heartbeat.workers()
    except redis.RedisError:
        return True
