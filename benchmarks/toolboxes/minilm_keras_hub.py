"""The sentence encoder as a ``BertBackbone`` of KerasHub, for its embeddings alone.

    python benchmarks/toolboxes/minilm_keras_hub.py WEIGHTS INPUTS.npz OUTPUTS.npz

Run by ``toolboxes/sentence_encoder.py`` in an environment with KerasHub. The backbone
has GELU's approximation by tanh; it is given the function itself, as the weights were
trained with.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
from safetensors.numpy import load_file


def assign(layer: Any, *values: np.ndarray) -> None:
    """Give a layer weights of the same sizes; kernels of two axes are transposed."""
    for variable, value in zip(layer.weights, values, strict=True):
        if value.ndim == 2 and not variable.name.startswith("embeddings"):
            value = value.T
        variable.assign(value.reshape(variable.shape))


def backbone(w: dict[str, np.ndarray], config: dict[str, Any]) -> keras.Model:
    """Build the backbone with these weights."""
    model = keras_hub.models.BertBackbone(
        vocabulary_size=config["vocab_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=config["num_attention_heads"],
        hidden_dim=config["hidden_size"],
        intermediate_dim=config["intermediate_size"],
        max_sequence_length=config["max_position_embeddings"],
    )

    def both(name: str) -> tuple[np.ndarray, np.ndarray]:
        return w[f"{name}.weight"], w[f"{name}.bias"]

    for layer, name in (
        (model.token_embedding, "word"),
        (model.position_embedding, "position"),
        (model.segment_embedding, "token_type"),
    ):
        assign(layer, w[f"embeddings.{name}_embeddings.weight"])
    assign(model.embeddings_layer_norm, *both("embeddings.LayerNorm"))
    for i, layer in enumerate(model.transformer_layers):
        own = f"encoder.layer.{i}"
        parts = [
            value
            for part in ("self.query", "self.key", "self.value", "output.dense")
            for value in both(f"{own}.attention.{part}")
        ]
        attention = layer._self_attention_layer
        assign(attention, *parts)
        norm = layer._self_attention_layer_norm
        assign(norm, *both(f"{own}.attention.output.LayerNorm"))
        wide = layer._feedforward_intermediate_dense
        assign(wide, *both(f"{own}.intermediate.dense"))
        wide.activation = keras.activations.gelu
        assign(layer._feedforward_output_dense, *both(f"{own}.output.dense"))
        assign(layer._feedforward_layer_norm, *both(f"{own}.output.LayerNorm"))
    return model


def main(folder: str, inputs: str, output: str) -> None:
    """Embed the tokens of a file with the weights of a folder."""
    weights = load_file(Path(folder) / "model.safetensors")
    config = json.loads((Path(folder) / "config.json").read_text())
    with np.load(inputs) as arrays:
        tokens, mask = arrays["tokens"], arrays["mask"]
    given = {"token_ids": tokens, "padding_mask": mask, "segment_ids": 0 * tokens}
    hidden = backbone(weights, config).predict(given, verbose=0)["sequence_output"]
    counted = mask[..., None].astype(np.float32)
    found = (hidden * counted).sum(1) / counted.sum(1)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.savez(output, embeddings=found, version=keras_hub.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
