"""What other rooms may listen to. Each signal is sent from exactly one place."""

from django.dispatch import Signal

naming_clusters = Signal()
"""When clusters are to be named by a chat model: `sender=Collection, collection, parent, chat,
prompt, truncate`: those of the collection, or with a cluster as `parent` the ones that it is split
into. A receiver names them and returns what went wrong, or an empty string; it raises Rejected
for what cannot be."""
