"""What other rooms may listen to. Each signal is sent from exactly one place."""

from django.dispatch import Signal

documents_indexed = Signal()
"""After a batch has been committed: `sender=Collection, collection_id: int`."""

embedding_stalled = Signal()
"""When a collection's embedding has made no progress: `sender=Collection`.

A receiver that knows the cause returns it, in the reader's language; else an empty string.
"""

model_building = Signal()
"""When all documents of a change are done: `sender=ModelChange, change: ModelChange`.

A receiver that still has something to build for the model beside returns True.
"""

documents_deleting = Signal()
"""Inside the deleting transaction, before the rows go.

`sender=Collection, document_ids: list[int]`; sent again for every few thousand documents.
"""
