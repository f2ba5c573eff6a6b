"""Reading pictures of pages by the program Tesseract, where it is installed."""

import ctypes
import shutil
import signal
import subprocess
from functools import cache

PROGRAM = "tesseract"
_MOST_LANGUAGES = 4
_LISTED_SECONDS = 10
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def installed() -> bool:
    return shutil.which(PROGRAM) is not None


def words(picture: bytes, seconds: float) -> str:
    """The words on a picture (PNM), in the languages installed; empty where it fails.

    Raises subprocess.TimeoutExpired.
    """
    done = subprocess.run(
        [PROGRAM, "stdin", "stdout", "-l", _languages()],
        input=picture,
        capture_output=True,
        timeout=seconds,
        check=False,
        preexec_fn=_die_with_parent,
    )
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


@cache
def _languages() -> str:
    """Those whose data are there, English first, as `-l` takes them."""
    listed = subprocess.run(
        [PROGRAM, "--list-langs"],
        capture_output=True,
        text=True,
        timeout=_LISTED_SECONDS,
        check=False,
    )
    names = [name.strip() for name in listed.stdout.splitlines()[1:]]
    found = sorted(names, key=lambda name: (name != "eng", name))
    kept = [name for name in found if name and name not in ("osd", "equ")]
    return "+".join(kept[:_MOST_LANGUAGES]) or "eng"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
