"""The rule by which a sample leaves the simulation early: its readout is decided.

The mean current of a classifier's readout settles as steps pass, for most samples long
before the last one. With p = softmax(mean so far) of the first output, a sample is
decided after a step when ::

    margin     the two largest p differ by the threshold or more
    entropy    -sum p log p / log(classes) is the threshold or less
    stable     its top class has been the same for `threshold` steps
    evidence   steps so far * (difference of the two largest mean currents) is the
               threshold or more: an error of the mean falls with 1 / steps

Entropies decide in BranchyNet (S. Teerapittayanon, B. McDanel, H. T. Kung, ICPR 2016);
for spiking networks see C. Li, E. G. Jones, S. Furber, "Unleashing the Potential of
Spiking Neural Networks with Dynamic Confidence", ICCV 2023, arXiv 2303.10276.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn_numpy.checks import check_count
from tfsnn_numpy.defaults import EXIT_KINDS


def class_scores(logits: Any) -> Any:
    """Return scores of two classes or more, ``(..., classes)``.

    A single logit z, ``(..., 1)``, of yes or no stands for the scores 0 and z, whose
    softmax are its two probabilities.
    """
    if logits.shape[-1] != 1:
        return logits
    return tf.concat([tf.zeros_like(logits), logits], -1)


@dataclass(frozen=True)
class ExitRule:
    """A rule for when a sample is decided.

    Attributes:
        kind: margin, entropy, stable or evidence, defined above.
        threshold: the number that the rule's quantity is compared with.
        first_step: the earliest step at which a sample may leave.
    """

    kind: str
    threshold: float
    first_step: int = 1

    def __post_init__(self) -> None:
        """Refuse an unknown kind, and a threshold or first step out of range."""
        if self.kind not in EXIT_KINDS:
            raise OptionError(
                f"early exit by {self.kind!r}; expected one of {', '.join(EXIT_KINDS)}"
            )
        if not self.threshold >= 0:
            raise OptionError(
                f"early exit at {self.kind}={self.threshold}: give a number from 0 up"
            )
        check_count("first_step", self.first_step)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ExitRule:
        """Make a rule from its :meth:`to_dict`."""
        return cls(**fields)

    def decided(self, logits: Any, step: Any, streak: Any) -> Any:
        """Return which samples are decided.

        Args:
            logits: mean current of the readout, ``(..., classes)``.
            step: steps so far, one number or ``(...)``.
            streak: steps for which the top class has been the same, ``(...)``.
        """
        return (self.signal(logits, step, streak) >= self.least) & (
            step >= self.first_step
        )

    @property
    def least(self) -> float:
        """The least :meth:`signal` of a decided sample."""
        return -self.threshold if self.kind == "entropy" else self.threshold

    def signal(self, logits: Any, step: Any, streak: Any) -> Any:
        """Return how sure the readout is; arguments as for :meth:`decided`."""
        if self.kind == "stable":
            return tf.cast(streak, tf.float32)
        if self.kind == "entropy":
            log_p = tf.nn.log_softmax(logits)
            nats = tf.reduce_sum(tf.exp(log_p) * log_p, -1)
            return nats / tf.math.log(float(logits.shape[-1]))
        evidence = self.kind == "evidence"
        top = tf.math.top_k(logits if evidence else tf.nn.softmax(logits), 2).values
        gap = top[..., 0] - top[..., 1]
        return gap * tf.cast(step, tf.float32) if evidence else gap
