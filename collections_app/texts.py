"""What a text may hold."""

import re

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what PostgreSQL's text cannot hold
