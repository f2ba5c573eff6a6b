"""Searches for the home page: good results that share few words with the query."""

EXAMPLES = [
    "run two things at once without blocking",
    "guess what kind of file this is from its name",
    "make a secret that nobody can predict",
    "stop a programme that never ends",
    "tidy up after an error",
]
