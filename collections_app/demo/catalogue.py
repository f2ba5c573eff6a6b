"""The demo collections, in the order in which they are loaded."""

from collections_app.demo import library, topics, words
from collections_app.demo.documents import DemoCollection
from collections_app.demo.taps import shop

COLLECTIONS = [
    DemoCollection(
        name="Python language",
        description=(
            "The language reference that ships with Python: statements, expressions, "
            "the data model and the built-in types."
        ),
        make=topics.documents,
        clustered=True,
    ),
    DemoCollection(
        name="Python library",
        description=(
            "What the standard library says about itself: the docstrings of its modules, "
            "classes, functions and methods."
        ),
        make=library.documents,
        clustered=True,
    ),
    DemoCollection(
        name="Common words",
        description="Common English words, one per document: what is near to what?",
        make=words.documents,
        clustered=False,
        words=True,
    ),
    DemoCollection(
        name="Taps and fittings",
        description=(
            "A shop of drawn taps: search by what is to be seen, or go from one to what looks "
            "like it. Under a very small demo model, trained on such drawings alone."
        ),
        make=shop.documents,
        clustered=False,
        sees=True,
    ),
]
