"""What a model says of itself before anything is loaded: its limit, prefixes and lengths."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .folder import folder, read_json
from .layout import most_tokens
from .server import Server
from .spec import ModelSpec

E5 = ("query: ", "passage: ")
_E5 = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)
_QUERY = ("query", "search_query", "s2p_query")
_PASSAGE = ("passage", "document", "search_document")
_LIMITS = ("max_model_len", "max_input_length", "context_length", "n_ctx_train")


@dataclass(frozen=True)
class Description:
    """None and empty: it does not say. `dimensions`: what its vectors may be cut to."""

    token_limit: int | None = None
    normalises: bool | None = None
    query_prefix: str = ""
    passage_prefix: str = ""
    dimensions: tuple[int, ...] = ()
    pictures: bool = False


def prefixes(name: str) -> tuple[str, str]:
    """Those of a model family that its name tells: (of queries, of passages)."""
    return E5 if _E5.search(name) and "instruct" not in name.lower() else ("", "")


def describe(spec: ModelSpec, models_dir: Path) -> Description:
    """Raises ModelMissing and ModelAway."""
    if spec.backend == "sentence-transformers":
        return _of_folder(spec.ref, folder(spec.ref, models_dir))
    query, passage = prefixes(spec.ref)
    limit = _limit(Server(spec).about()) if spec.backend == "openai-compatible" else None
    return Description(limit, query_prefix=query, passage_prefix=passage)


def _of_folder(ref: str, home: Path) -> Description:
    modules: list[dict[str, str]] = list(read_json(home / "modules.json"))
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    first = modules[0].get("path", "") if modules else ""
    config = read_json(home / first / "config.json") or read_json(home / "config.json")
    prompts = read_json(home / "config_sentence_transformers.json").get("prompts") or {}
    query, passage = prefixes(ref)
    return Description(
        token_limit=_tokens(home / first, config),
        normalises="Normalize" in kinds if kinds else None,
        query_prefix=_prompt(prompts, _QUERY) or query,
        passage_prefix=_prompt(prompts, _PASSAGE) or passage,
        dimensions=_dimensions(config),
        pictures="vision_config" in config,
    )


def _tokens(transformer: Path, config: dict[str, Any]) -> int | None:
    """The length its makers set, no further than its positions reach."""
    wanted = read_json(transformer / "sentence_bert_config.json").get("max_seq_length")
    config = config.get("text_config") or config
    positions = config.get("max_position_embeddings")
    reach = (
        most_tokens(config.get("model_type", ""), positions, config.get("pad_token_id") or 0)
        if isinstance(positions, int)
        else None
    )
    found = [one for one in (wanted, reach) if isinstance(one, int) and one > 0]
    return min(found) if found else None


def _prompt(prompts: Any, names: tuple[str, ...]) -> str:
    found = [prompts[name] for name in names if isinstance(prompts.get(name), str)]
    return found[0] if found else ""


def _dimensions(config: dict[str, Any]) -> tuple[int, ...]:
    found = config.get("matryoshka_dimensions")
    found = found if isinstance(found, list) else []
    return tuple(sorted(one for one in found if type(one) is int and one > 0))


def _limit(about: dict[str, Any]) -> int | None:
    """The names that servers have for it (vLLM, LiteLLM, llama.cpp and our own)."""
    meta = about.get("meta")
    for place in (about, meta if isinstance(meta, dict) else {}):
        for name in _LIMITS:
            if type(found := place.get(name)) is int and found > 0:
                return found
    return None
