"""Image to image: denoising, super-resolution, depth, colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfsnn_numpy.tasks.contract import Sums
from tfsnn_numpy.tasks.output import PROBABILITIES, Output
from tfsnn_numpy.tasks.regression import Regression

WINDOW, DEVIATION = 11, 1.5  # of the Gaussian that SSIM looks through
STABLE = (0.01, 0.03)  # SSIM's K1 and K2


class Image(Regression):
    """A picture for each sample."""

    name = "image"
    metric = "psnr"
    expects = "a picture of the output's shape for each sample"
    unit = "dB"
    by_unit = False

    def __init__(
        self, output: Output, peak: float = 1.0, label_scale: float = 1.0
    ) -> None:
        """Take the output, the range of its values, and a factor for its labels.

        Args:
            output: the output that is judged.
            peak: range of the outputs, 1, 2 or 255.
            label_scale: 1/255 for 8-bit labels of outputs from 0 to 1.
        """
        super().__init__(output)
        self.peak, self.label_scale = peak, label_scale

    @classmethod
    def of(cls, output: Output, y: np.ndarray | None) -> Image:
        """Take the range of values from the head, or else from the labels."""
        if output.head in PROBABILITIES or y is None:
            pixels = y is not None and y.dtype == np.uint8
            return cls(output, label_scale=1 / 255 if pixels else 1.0)
        if y.max(initial=0) > 1.5:
            return cls(output, 255.0)
        return cls(output, 2.0 if y.min(initial=0) < -0.01 else 1.0)

    @classmethod
    def title(cls) -> str:
        """Return the name of the score."""
        return "PSNR"

    @classmethod
    def possible(cls, output: Output) -> bool:
        """Take pictures: two axes of places, and 1 to 4 channels."""
        return output.is_picture

    @classmethod
    def suits(cls, output: Output, y: np.ndarray | None) -> bool:
        """Take all pictures; labels are pictures of the same shape."""
        return cls.possible(output) and super().suits(output, y)

    def read(self, y: np.ndarray, where: str, first: int = 0) -> np.ndarray:
        """Return pictures of the output's shape and range, float64."""
        return super().read(y, where, first) * self.label_scale

    def counted(self, outputs: np.ndarray, labels: np.ndarray) -> Sums:
        """Add up the PSNR and the SSIM of pictures, and the errors of regression."""
        outputs = outputs.astype(np.float64)
        return {
            **super().counted(outputs, labels),
            "psnr": self.of_each(outputs, labels)[0].sum(),
            "ssim": ssim(outputs, labels, self.peak).sum(),
        }

    def of_each(
        self, outputs: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the PSNR of each picture, dB, and ones."""
        errors = (outputs.astype(np.float64) - labels) ** 2
        square = errors.reshape(len(labels), self.output.size).mean(1)
        square = np.maximum(square, (self.peak * 1e-6) ** 2)  # equal ones: 120 dB
        return 10 * np.log10(self.peak**2 / square), np.ones(len(labels))

    def scores(self, sums: Mapping[str, Any]) -> dict[str, float]:
        """Return the means of PSNR, dB, and SSIM over pictures; R²; absolute error."""
        n = float(sums["samples"])
        found = {"psnr": float(sums["psnr"]) / n, "ssim": float(sums["ssim"]) / n}
        return {**found, **super().scores(sums)}


def ssim(x: np.ndarray, y: np.ndarray, peak: float) -> np.ndarray:
    """Return the structural similarity of pictures ``(N, H, W, C)``, ``(N,)``.

    The mean over places and channels, through a Gaussian window of 11 by 11 pixels, or
    less for smaller pictures (Z. Wang et al., IEEE Transactions on Image Processing
    13(4), 2004).
    """
    size = min(WINDOW, *(n - 1 + n % 2 for n in x.shape[1:3]))
    places = np.arange(size) - size // 2
    window = np.exp(-(places**2) / (2 * DEVIATION**2))
    window /= window.sum()

    def blurred(values: np.ndarray) -> np.ndarray:
        for axis in (1, 2):
            views = np.lib.stride_tricks.sliding_window_view(values, size, axis)
            values = views @ window
        return values

    c1, c2 = ((k * peak) ** 2 for k in STABLE)
    mx, my = blurred(x), blurred(y)
    vx, vy = blurred(x * x) - mx * mx, blurred(y * y) - my * my
    cov = blurred(x * y) - mx * my
    found = (2 * mx * my + c1) * (2 * cov + c2)
    found /= (mx**2 + my**2 + c1) * (vx + vy + c2)
    return found.reshape(len(x), -1).mean(1) if len(x) else np.zeros(0)
