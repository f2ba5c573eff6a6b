"""Test questions of a collection, and runs over them by a worker."""
