"""Whether a Keras model fits a chip, told without data."""

from __future__ import annotations

import keras

from tfsnn.hardware.placement import Fit, fit
from tfsnn.hardware.targets import Target
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


def fit_target(model: keras.Model, target: str | Target) -> Fit:
    """Tell whether a model fits a chip, core by core, and what would help where not.

    Args:
        model: a trained Keras model, as :func:`tfsnn.convert` takes it.
        target: a name of ``tfsnn targets``, or a target of your own
            (:mod:`tfsnn.hardware.targets`).

    Raises:
        OptionError: for an unknown target.
        UnsupportedError: for a model that cannot be converted, whatever the target.
        MissingPackageError: where the chip's cores differ and scipy is not installed.
    """
    return fit(simplify(import_model(model)), target, model.name)
