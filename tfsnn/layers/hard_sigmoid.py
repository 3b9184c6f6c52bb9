"""The hard sigmoid of Keras 2, for networks from its files."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="tfsnn")
def keras2_hard_sigmoid(x: Any) -> Any:
    """Compute min(max(0.2 x + 0.5, 0), 1), the hard sigmoid of Keras 2.

    That of Keras 3 has the slope 1/6.
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)
