"""Static files: gathered, hashed and compressed again only when one of them changed."""

import hashlib
from pathlib import Path

from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect(root: Path) -> bool:
    """Bring `root` (STATIC_ROOT) up to date. False when it was."""
    stamp = root / ".collected"
    wanted = _digest()
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(wanted)
    return True


def _digest() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\n{found.st_size}\n{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
