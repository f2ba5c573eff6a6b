"""Demo content that every machine with Python has. No Django in here."""
