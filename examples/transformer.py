"""What the examples of transformers share: blocks, training, conversion.

The scripts beside this file, ``train_vision_transformer.py`` and
``train_text_decoder.py``, define networks and data. Blocks normalise before attention
and before the two dense layers, as in R. Xiong et al., "On Layer Normalization in the
Transformer Architecture", 2020, arXiv 2002.04745.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from training import OneCycle

import tfsnn

ENERGIES = {"45nm-float32": "arithmetic", "bit-matched-8bit": "bit_matched"}


def with_positions(x: Any) -> Any:
    """Add a learned vector for each place to vectors ``(B, T, C)``."""
    places = ops.cumsum(ops.ones_like(x[:, :, 0], dtype="int32"), axis=1) - 1
    _, length, width = x.shape
    return x + layers.Embedding(length, width, name="positions")(places)


def block(x: Any, name: str, heads: int, causal: bool = False) -> Any:
    """Add attention and two dense layers with GELU to vectors ``(B, T, C)``."""
    width = x.shape[-1]
    y = layers.LayerNormalization(name=f"{name}_norm")(x)
    attention = layers.MultiHeadAttention(
        heads, width // heads, name=f"{name}_attention"
    )
    x = x + attention(y, y, use_causal_mask=causal)
    y = layers.LayerNormalization(name=f"{name}_last_norm")(x)
    y = layers.Dense(2 * width, activation="gelu", name=f"{name}_wide")(y)
    return x + layers.Dense(width, name=f"{name}_narrow")(y)


def train(
    build: Callable[[], keras.Model], data: Any, epochs: int, steps: int, peak: float
) -> keras.Model:
    """Train ``build()`` by AdamW, `steps` batches an epoch; return it for inference.

    Args:
        build: makes the network, whose outputs are logits.
        data: endless batches of inputs and class numbers.
        epochs: how often progress is printed.
        steps: batches of an epoch.
        peak: the largest rate of learning, of one cycle.
    """
    model = build()
    model.compile(
        keras.optimizers.AdamW(
            OneCycle(peak, epochs * steps), weight_decay=0.05, clipnorm=1.0
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.fit(data, epochs=epochs, steps_per_epoch=steps, shuffle=False, verbose=2)
    trained = build()  # without the optimiser: a third of the size
    trained.set_weights(model.get_weights())
    return trained


def measured(
    model: keras.Model, known: Any, x: Any, y: Any, **options: Any
) -> tuple[tfsnn.SpikingModel, dict[str, float]]:
    """Convert a network, and return what came of it, with figures.

    Args:
        model: the trained network, with logits ``(B, classes)`` or of each place.
        known: calibration data, or statistics of :func:`tfsnn.calibration`.
        x: test samples.
        y: their class numbers.
        options: of :func:`tfsnn.convert`; `few_spikes` is the method by default.

    Returns:
        The spiking network, and "ann" and "snn", the shares of right answers, "same",
        that of equal ones, "driven", the share of the operations executed that a spike
        causes, and the energy ratios, "arithmetic" and "bit_matched".
    """
    snn = tfsnn.convert(model, known, **{"method": "few_spikes", **options})
    found = tfsnn.evaluate(
        snn,
        (x, y),
        ann=model,
        timesteps=[snn.timesteps],
        task="classification" if np.ndim(y) == 1 else "places",
        batch_size=50,
    )
    work, row = found.counts_events[-1], found.rows[-1]
    return snn, {
        "ann": found.ann_score,
        "snn": row.score,
        "same": row.agreement,
        "driven": work.synops / (work.synops + work.analog_macs),
        **{
            ENERGIES[each.name]: each.ratio
            for each in found.energies
            if each.name in ENERGIES
        },
    }


def told(snn: tfsnn.SpikingModel, figures: dict[str, float], count: int) -> str:
    """Return the figures of :func:`measured`, of `count` samples, as a sentence."""
    return (
        f"T={snn.timesteps}, {count} samples: the network is right for "
        f"{figures['ann']:.2%}, in spikes for {figures['snn']:.2%}; the same decision "
        f"for {figures['same']:.2%}; {figures['driven']:.2%} of the operations driven "
        f"by spikes; energy of the SNN over the ANN's: {figures['arithmetic']:.3f} "
        f"(arithmetic), {figures['bit_matched']:.3f} (bit-matched, against 8 bits)"
    )


def save(folder: Path | None, name: str, network: keras.Model) -> None:
    """Save a network as FOLDER/NAME.keras, if there is a folder."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        network.save(folder / f"{name}.keras")
