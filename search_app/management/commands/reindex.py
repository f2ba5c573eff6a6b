"""What search reads, verified and mended: `reindex [COLLECTION] [--repair] [--recall]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collections_app.management import options as shared
from collections_app.models import Collection
from search_app import upkeep
from search_app.models import LEAST_RECALL, Upkeep

HELP = {
    Upkeep.Job.VERIFY: "count what is not as it should be (this alone where nothing is asked)",
    Upkeep.Job.REPAIR: "queue what is not whole, remove what nobody uses",
    Upkeep.Job.REBUILD: "rebuild the vector index beside the old one; searches go on",
    Upkeep.Job.RECALL: "measure what the index finds against an exact search",
}


class Command(BaseCommand):
    help = "Verify and repair what search reads of one's collections, and rebuild their indexes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("collection", nargs="?", help="its name (all of the owner's)")
        for job, words in HELP.items():
            parser.add_argument(
                f"--{job}", dest="jobs", action="append_const", const=job, help=words
            )
        shared.add_owner(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = shared.owner(options)
        if options["collection"]:
            collections = [shared.collection(user, options["collection"])]
        else:
            collections = list(Collection.objects.editable_by(user).order_by("pk"))
        for collection in collections:
            for job in options["jobs"] or [Upkeep.Job.VERIFY]:
                self._do(collection, job)

    def _do(self, collection: Collection, job: str) -> None:
        row = upkeep.request(collection, job)
        upkeep.run(row.pk)
        row.refresh_from_db()
        if row.state != Upkeep.State.READY:
            raise CommandError(row.error or "Another worker is at it. Try again in a moment.")
        self.stdout.write(f"{collection}: {_told(row)}")


def _told(row: Upkeep) -> str:
    if row.job == Upkeep.Job.RECALL:
        if row.recall is None:
            return "no index; search is exact."
        warning = f", below {LEAST_RECALL}: rebuild it" if row.is_low else ""
        return f"recall@10 {row.recall:.3f} over {row.queries} queries{warning}."
    if row.job == Upkeep.Job.REBUILD:
        return f"{row.repaired} indexes rebuilt."
    found = ", ".join(f"{count} {kind}" for kind, count in row.problems.items()) or "nothing wrong"
    return f"{row.repaired} rows repaired; {found}." if row.repaired else f"{found}."
