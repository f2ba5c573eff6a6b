"""A model as OpenVINO reads it: made from the torch model once per machine, then kept.

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
from importlib.metadata import version
from pathlib import Path

import filelock

from .folder import file_name, read_json
from .layout import NotFast, layout
from .spec import ModelSpec

logger = logging.getLogger(__name__)

FORMAT = 1  # of what we write; a new one converts again
MODEL = "model.xml"
VERDICT = "verdict.json"  # {"cosine": mean to torch} or {"refused": why}
WAIT_SECONDS = 900  # for a conversion, here or in another process
ROOT = Path(__file__).resolve().parents[2]


def converted(spec: ModelSpec, folder: Path, models_dir: Path) -> Path:
    """The model file, converted if it is not there yet.

    Raises NotFast for a model that OpenVINO does not run, or not like torch; OSError or
    filelock.Timeout where it cannot be written.
    """
    layout(folder)
    home = models_dir / "openvino"
    place = home / f"{file_name(spec.ref).strip('.-')[-80:]}-{_digest(folder)}"
    if not (place / VERDICT).exists():
        home.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{place}.lock", timeout=WAIT_SECONDS):
            if not (place / VERDICT).exists():
                _convert(spec, folder, place)
    if reason := read_json(place / VERDICT).get("refused"):
        raise NotFast(reason)
    return place / MODEL


def _convert(spec: ModelSpec, folder: Path, place: Path) -> None:
    """Into a folder beside it, then renamed: it is there in full or not at all."""
    logger.info("Converting the model %s for OpenVINO, once; a few seconds ...", spec.ref)
    for left in place.parent.glob(f"{place.name}.*.new"):  # a crash's: we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}.", suffix=".new", dir=place.parent))
    try:
        _run(spec, folder, fresh)
        os.chmod(fresh, 0o755)  # noqa: S103 - nothing secret: the web process may be another user
        os.rename(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _run(spec: ModelSpec, folder: Path, into: Path) -> None:
    command = [sys.executable, "-m", "collections_app.encoders.convert"]
    done = subprocess.run(
        [*command, json.dumps(asdict(spec)), str(folder), str(into)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=WAIT_SECONDS,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise NotFast(f"its conversion failed: {lines[-1]}")


def _digest(folder: Path) -> str:
    """Of the files as they lie there: another model or another OpenVINO converts again."""
    digest = hashlib.sha256(f"{FORMAT} {version('openvino')}".encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        about = file.stat()
        digest.update(f"\n{file.relative_to(folder)} {about.st_size} {about.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
