"""What other rooms may listen to. Each signal is sent from exactly one place."""

from django.dispatch import Signal

naming_clusters = Signal()
"""When clusters are to be named by a chat model: `sender=Collection, collection, chat, prompt,
truncate`. A receiver names them and returns what went wrong, or an empty string; it raises Rejected
for what cannot be."""
