"""A real chat server: transformers generates with a very small model of random weights.

    python -m tests.rag_app.random_chat PORT

OpenAI's `/v1/chat/completions`, streamed, with the tokens that it really took. The model `random`
says some words; `random-long` thousands, unless its reader leaves. `GET /told` has the last counts.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    StoppingCriteria,
    TextIteratorStreamer,
)

WORDS = ["the", "backup", "runs", "every", "night", "on", "another", "machine", "before", "moon"]
SPECIAL = ["<pad>", "</s>", "<unk>"]
TOKENS = {"random": 24, "random-long": 6000}


def tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: place for place, word in enumerate([*SPECIAL, *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    size = LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16_384,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return LlamaForCausalLM(size).eval()


class Left(StoppingCriteria):  # type: ignore[misc]
    """Ends the generation once the reader has left, and counts."""

    def __init__(self) -> None:
        self.left, self.count = threading.Event(), 0

    def __call__(self, ids: Any, scores: Any, **more: Any) -> Any:
        self.count += 1
        return torch.full((ids.shape[0],), self.left.is_set())


class Handler(BaseHTTPRequestHandler):
    server: "RandomChat"

    def do_GET(self) -> None:
        body = json.dumps(self.server.told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = "\n".join(one["content"] for one in asked["messages"])
        ids = self.server.tokenizer(text, return_tensors="pt")["input_ids"]
        most = asked.get("max_tokens") or TOKENS[asked["model"]]
        # Unless its reader says how long, the model ends by its own last word.
        ending = None if asked.get("max_tokens") else self.server.tokenizer.eos_token_id
        streamer = TextIteratorStreamer(
            self.server.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        stopping = Left()
        settings = GenerationConfig(
            max_new_tokens=most,
            min_new_tokens=most,
            do_sample=True,
            forced_eos_token_id=ending,
            eos_token_id=1,
            pad_token_id=0,
        )
        work = threading.Thread(
            target=self.server.model.generate,
            args=(ids,),
            kwargs={
                "attention_mask": torch.ones_like(ids),
                "generation_config": settings,
                "streamer": streamer,
                "stopping_criteria": [stopping],
            },
            daemon=True,
        )
        work.start()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for piece in streamer:
                if piece:
                    self._say({"content": piece})
        except OSError:
            stopping.left.set()
        work.join(60)
        told = {"prompt_tokens": ids.shape[1], "completion_tokens": stopping.count}
        self.server.told = told | {"left": stopping.left.is_set()}
        if not stopping.left.is_set():
            self._say({}, "length" if asked.get("max_tokens") else "stop", told)
            self.wfile.write(b"data: [DONE]\n\n")

    def _say(
        self, delta: dict[str, str], finish: str | None = None, usage: dict[str, int] | None = None
    ) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        made = {"choices": [choice]} | ({"usage": usage} if usage else {})
        self.wfile.write(f"data: {json.dumps(made)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class RandomChat(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        self.tokenizer, self.model = tokenizer(), model()
        self.told: dict[str, Any] = {}
        super().__init__(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    RandomChat(int(sys.argv[1])).serve_forever(0.05)
