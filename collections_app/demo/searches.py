"""Searches for the home page: good results that share few words with the query."""

# They look in here alone: among single words ("Common words") those of the query would be first.
COLLECTION = "Python library"

EXAMPLES = [
    "guess what kind of file this is from its name",
    "make a secret that nobody can predict",
    "how alike are two pieces of text",
    "ask for a password without showing it",
    "remember the answers of a slow function",
]
