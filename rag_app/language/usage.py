"""What an answer cost a chat model, in tokens, as its server counts them."""

from dataclasses import dataclass


@dataclass
class Usage:
    """Tokens of the prompt and of the answer; 0 where the server tells none."""

    prompt: int = 0
    answer: int = 0
