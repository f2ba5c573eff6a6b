"""A model as a fast engine reads it: made from the torch model once per machine, then kept.

The conversion runs in a process of its own, so that no other one has to carry torch.
"""

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import filelock

from . import verdict
from .engines import Engine
from .folder import file_name
from .layout import NotFast, layout
from .spec import ModelSpec

logger = logging.getLogger(__name__)

FORMAT = 2  # of what we write; a new one converts again
WAIT_SECONDS = 900  # for a conversion, here or in another process
ROOT = Path(__file__).resolve().parents[2]


def converted(spec: ModelSpec, folder: Path, models_dir: Path, engine: Engine) -> Path:
    """The model file, converted if it is not there yet.

    Raises NotFast for a model that the engine does not run, or not like torch; OSError or
    filelock.Timeout where it cannot be written.
    """
    layout(folder)
    home = place(spec, folder, models_dir, engine)
    if verdict.read(home) is None:
        home.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{home}.lock", timeout=WAIT_SECONDS):
            if verdict.read(home) is None:
                _convert(spec, folder, home, engine)
    found = verdict.read(home)
    if found is None or found.refused:
        raise NotFast(found.refused if found else "its conversion left no verdict")
    return home / engine.file


def place(spec: ModelSpec, folder: Path, models_dir: Path, engine: Engine) -> Path:
    """The folder of its conversion, whether or not it has been made."""
    name = file_name(spec.ref).strip(".-")[-80:]
    return models_dir / engine.name / f"{name}-{_digest(spec, folder, engine)}"


def failure(home: Path) -> str:
    """Why the last conversion into this folder came to nothing; empty where none failed."""
    note = _note(home)
    return note.read_text() if note.exists() else ""


def _note(home: Path) -> Path:
    return home.with_name(f"{home.name}.failed")


def _convert(spec: ModelSpec, folder: Path, home: Path, engine: Engine) -> None:
    """Into a folder beside it, then renamed: it is there in full or not at all."""
    logger.info("Converting the model %s for %s, once; some seconds ...", spec.ref, engine.name)
    for left in home.parent.glob(f"{home.name}.*.new"):  # a crash's: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{home.name}.", suffix=".new", dir=home.parent))
    note = _note(home)
    note.unlink(missing_ok=True)
    try:
        _run(spec, folder, fresh, engine)
        os.chmod(fresh, 0o755)  # noqa: S103 - nothing secret: the web process may be another user
        os.rename(fresh, home)
    except NotFast as error:  # a note only: the next process may try again
        note.write_text(str(error))
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _run(spec: ModelSpec, folder: Path, into: Path, engine: Engine) -> None:
    command = [sys.executable, "-m", "collections_app.encoders.convert"]
    done = subprocess.run(
        [*command, engine.name, json.dumps(asdict(spec)), str(folder), str(into)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=WAIT_SECONDS,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise NotFast(f"its conversion failed: {lines[-1]}")


def _digest(spec: ModelSpec, folder: Path, engine: Engine) -> str:
    """Of the files as they lie there: another model, engine or precision converts again."""
    digest = hashlib.sha256(f"{FORMAT} {engine.version} {spec.precision}".encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        about = file.stat()
        digest.update(f"\n{file.relative_to(folder)} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
