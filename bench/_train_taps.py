"""Trains the demo picture model: `nice python -m bench._train_taps`, minutes on one core.

A very small CLIP (Radford et al. 2021): a vision transformer over 64 x 64 pixels and a text
transformer, drawn together by contrast. A batch has many captions that fit several drawings
("gold tap"), and which is known here: every drawing that a caption fits is a positive of it
(Yang et al. 2022, UniCL). The folder is one of sentence-transformers, as clip-ViT-B-32 is.
"""

import json
import random
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from collections_app.demo.taps import tap as words
from collections_app.demo.taps.drawing import draw

HOME = Path(words.__file__).with_name("model")
SIDE, DRAWN = 64, 128  # pixels: what the model sees, and what is drawn before
DRAWINGS, BATCH, STEPS = 6_000, 128, 2000
STOP = 1500  # of the steps that the rate is planned for: the weights that are shipped
RATE, SEED = 1.5e-3, 20
MEAN, DEVIATION = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
TOKENS = 77
VOCABULARY = 1200


def drawing(seed: int, *, unseen: bool | None, size: int = DRAWN) -> tuple[words.Tap, np.ndarray]:
    """(what it is, uint8 (64, 64, 3)): as the image processor would shrink it."""
    tap = words.made_up(random.Random(seed), unseen=unseen)
    return tap, np.asarray(draw(tap, seed, size).resize((SIDE, SIDE), 3))


def drawings(
    count: int, first: int, *, unseen: bool | None
) -> tuple[list[words.Tap], torch.Tensor]:
    make = partial(drawing, unseen=unseen)
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(make, range(first, first + count), chunksize=200))
    return [tap for tap, _pixels in made], torch.from_numpy(np.stack([one for _, one in made]))


def tokenizer(chance: random.Random) -> CLIPTokenizer:
    """CLIP's own kind, byte pairs, over captions: a word of theirs becomes one token."""
    texts = [words.caption(words.made_up(chance), chance)[0] for _ in range(20_000)]
    model = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    model.normalizer = normalizers.Lowercase()
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    model.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=letters, end_of_word_suffix="</w>",
        special_tokens=[], show_progress=False,
    )  # fmt: skip
    model.train_from_iterator([*texts, " ".join(letters)], trainer)
    said = json.loads(model.to_str())["model"]
    vocabulary = dict(said["vocab"])
    for letter in letters:  # at the end of a word too: no text is unknown
        vocabulary.setdefault(f"{letter}</w>", len(vocabulary))
    for special in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[special] = len(vocabulary)
    merges = [tuple(pair) for pair in said["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TOKENS)


def network(tokens: CLIPTokenizer) -> CLIPModel:
    small = {"hidden_size": 96, "intermediate_size": 288, "num_attention_heads": 4}
    config = CLIPConfig(
        text_config=small | {
            "vocab_size": len(tokens), "num_hidden_layers": 2, "max_position_embeddings": TOKENS,
            "bos_token_id": tokens.bos_token_id, "eos_token_id": tokens.eos_token_id,
            "pad_token_id": tokens.pad_token_id, "projection_dim": 128,
        },
        vision_config=small | {
            "num_hidden_layers": 3, "image_size": SIDE, "patch_size": 16, "projection_dim": 128,
        },
        projection_dim=128,
    )  # fmt: skip
    return CLIPModel(config)


def codes(taps: list[words.Tap]) -> torch.Tensor:
    """(taps, parts): the number of each part's value."""
    return torch.tensor(
        [[words.VALUES[part].index(getattr(tap, part)) for part in words.PARTS] for tap in taps]
    )


def pixels(images: torch.Tensor, chance: torch.Generator | None = None) -> torch.Tensor:
    """Normalised (n, 3, 64, 64); moved and lit a little otherwise each time in training."""
    made = images.permute(0, 3, 1, 2).float() / 255
    if chance is not None:
        dx, dy = torch.randint(-4, 5, (2,), generator=chance).tolist()
        made = torch.roll(made, (dy, dx), (2, 3))
        light = torch.rand(len(made), 1, 1, 1, generator=chance) * 0.2 + 0.9
        made = (made * light).clamp(0, 1)
    mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in (MEAN, DEVIATION))
    return (made - mean) / deviation


def features(found: object) -> torch.Tensor:
    vector = found if isinstance(found, torch.Tensor) else found.pooler_output  # type: ignore
    return functional.normalize(vector, dim=-1)


class Training:
    def __init__(self) -> None:
        torch.manual_seed(SEED)
        self.chance = random.Random(SEED)
        self.noise = torch.Generator().manual_seed(SEED)
        self.tokens = tokenizer(random.Random(SEED))
        self.model = network(self.tokens)
        self.heads = nn.ModuleList(nn.Linear(128, len(words.VALUES[part])) for part in words.PARTS)
        taught = [*self.model.parameters(), *self.heads.parameters()]
        self.optimiser = torch.optim.AdamW(taught, RATE, weight_decay=0.05, betas=(0.9, 0.98))
        self.plan = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, RATE, total_steps=STEPS, pct_start=0.08
        )

    def run(self, taps: list[words.Tap], images: torch.Tensor) -> None:
        known = codes(taps)
        began = time.monotonic()
        for step in range(STOP):
            rows = torch.randint(len(taps), (BATCH,), generator=self.noise)
            loss = self.step([taps[n] for n in rows.tolist()], known[rows], images[rows])
            if step % 50 == 0:
                seconds = time.monotonic() - began
                print(f"step {step}, loss {loss:.3f}, {seconds:.0f} s", flush=True)

    def step(self, taps: list[words.Tap], known: torch.Tensor, images: torch.Tensor) -> float:
        said = [words.caption(tap, self.chance) for tap in taps]
        told = torch.tensor([[part in parts for part in words.PARTS] for _text, parts in said])
        ids = self.tokens([text for text, _parts in said], padding=True, return_tensors="pt")
        of_texts = features(self.model.get_text_features(**ids))
        of_images = features(self.model.get_image_features(pixel_values=pixels(images, self.noise)))
        scale = self.model.logit_scale.exp().clamp(max=50)
        logits = scale * of_texts @ of_images.T
        # (captions, drawings): all that the caption tells holds of the drawing.
        fits = ((known[:, None] == known[None]) | ~told[:, None]).all(-1).float()
        loss = self._contrast(logits, fits) + self._contrast(logits.T, fits.T)
        for n, head in enumerate(self.heads):
            loss = loss + 0.25 * functional.cross_entropy(head(of_images * 8), known[:, n])
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.plan.step()
        return loss.item()

    @staticmethod
    def _contrast(logits: torch.Tensor, fits: torch.Tensor) -> torch.Tensor:
        wanted = fits / fits.sum(1, keepdim=True)
        return -(wanted * functional.log_softmax(logits, 1)).sum(1).mean()


def save(training: Training, home: Path) -> None:
    """As a folder of sentence-transformers."""
    shutil.rmtree(home, ignore_errors=True)
    inner = home / "0_CLIPModel"
    inner.mkdir(parents=True)
    model = training.model.eval()
    model.logit_scale.data.clamp_(max=float(np.log(50)))
    model.save_pretrained(inner)
    images = CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE},
        image_mean=list(MEAN), image_std=list(DEVIATION),
    )  # fmt: skip
    CLIPProcessor(image_processor=images, tokenizer=training.tokens).save_pretrained(inner)
    kind = "sentence_transformers.models.CLIPModel"
    modules = [{"idx": 0, "name": "0", "path": "0_CLIPModel", "type": kind}]
    (home / "modules.json").write_text(json.dumps(modules, indent=2) + "\n")


def main() -> None:
    torch.set_num_threads(1)  # two are slower where something else runs
    taps, images = drawings(DRAWINGS, 1_000_000, unseen=False)
    print(f"{len(taps)} drawings", flush=True)
    training = Training()
    training.run(taps, images)
    save(training, HOME)
    print(f"Saved to {HOME}.")


if __name__ == "__main__":
    main()
