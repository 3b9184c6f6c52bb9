"""The sentence encoder in plain operations of PyTorch, for its embeddings alone.

    python benchmarks/toolboxes/minilm_torch.py WEIGHTS INPUTS.npz OUTPUTS.npz

Run by ``toolboxes/sentence_encoder.py`` in an environment with PyTorch and NumPy; it
reads nothing of tfsnn, and shares no code with the example that it checks.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

Weights = dict[str, torch.Tensor]


def read(path: Path) -> Weights:
    """Read the float32 tensors of a safetensors file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8:start]).items():
        if entry.get("dtype") == "F32":
            low, high = (start + offset for offset in entry["data_offsets"])
            values = np.frombuffer(data[low:high], np.float32)
            found[name] = torch.tensor(values).reshape(entry["shape"])
    return found


def embed(w: Weights, config: dict, tokens: torch.Tensor, mask: torch.Tensor):
    """Return the embeddings ``(N, width)`` of tokens and mask ``(N, length)``."""

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        scale, shift = w[f"{name}.weight"], w[f"{name}.bias"]
        return F.layer_norm(x, scale.shape, scale, shift, config["layer_norm_eps"])

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (config["num_attention_heads"], -1)).transpose(1, 2)

    length = tokens.shape[1]
    x = w["embeddings.word_embeddings.weight"][tokens]
    x = x + w["embeddings.position_embeddings.weight"][:length]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    hidden = ~mask.bool()[:, None, None, :]
    for i in range(config["num_hidden_layers"]):
        own = f"encoder.layer.{i}"
        q, k, v = (
            heads(linear(x, f"{own}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(hidden, -math.inf).softmax(-1)
        y = (scores @ v).transpose(1, 2).flatten(2)
        y = linear(y, f"{own}.attention.output.dense")
        x = norm(x + y, f"{own}.attention.output.LayerNorm")
        y = F.gelu(linear(x, f"{own}.intermediate.dense"))
        x = norm(x + linear(y, f"{own}.output.dense"), f"{own}.output.LayerNorm")
    counted = mask[..., None].float()
    return F.normalize((x * counted).sum(1) / counted.sum(1), dim=-1)


def main(folder: str, inputs: str, output: str) -> None:
    """Embed the tokens of a file with the weights of a folder."""
    weights = read(Path(folder) / "model.safetensors")
    config = json.loads((Path(folder) / "config.json").read_text())
    with np.load(inputs) as arrays, torch.no_grad():
        tokens = torch.from_numpy(arrays["tokens"].astype(np.int64))
        found = embed(weights, config, tokens, torch.from_numpy(arrays["mask"]))
    np.savez(output, embeddings=found.numpy(), version=torch.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
