"""The cell of convolutional LSTMs, over one to three axes."""

from __future__ import annotations

from typing import Any

from tfsnn.network.nodes import Linear
from tfsnn.sources.handlers.builder import Builder, Shape, Unsupported
from tfsnn.sources.handlers.recurrent_cells import LstmCell

MOST_AXES = 3  # of a convolution's window
CHANNELS_FIRST = (
    "data_format='channels_first'; of recurrent convolutions only 'channels_last' is "
    "supported: move the channels last (keras.layers.Permute) and build it with that"
)


class ConvolutionalCell(LstmCell):
    """The cell of ConvLSTM1D, ConvLSTM2D and ConvLSTM3D.

    The input kernel goes through all places of a sequence at once, as a convolution
    with one axis more, of length 1; with three axes there is none, and each step has
    its own.
    """

    def __init__(self, layer: Any) -> None:
        """Take the weights.

        Raises:
            Unsupported: if the channels come first.
        """
        if layer.data_format == "channels_first":
            raise Unsupported(CHANNELS_FIRST)
        super().__init__(layer)
        self.at_once = layer.rank < MOST_AXES

    @property
    def weights(self) -> int:
        """The number of weights that each step has of its own."""
        return self.recurrent.size + (0 if self.at_once else self.kernel.size)

    def shapes(self, projected: Shape) -> list[Shape]:
        """Return the shapes of its states."""
        places = projected[1:-1]
        if not self.at_once:
            outside = self.layer.compute_output_shape((None, *projected[1:]))[0]
            places = outside[1:-1]
        return [(*places, self.recurrent.shape[-1] // 4)] * 2

    def project(self, x: str, builder: Builder) -> str:
        """Add the convolution of the input, if it goes through all places at once."""
        if not self.at_once:
            return x
        length, *inside = builder.shape(x)
        outside = self.layer.compute_output_shape((None, *inside))[0][1:-1]
        return builder.add(
            Linear,
            (x,),
            (length, *outside, self.kernel.shape[-1]),
            "conv",
            kernel=self.kernel[None],
            bias=self.bias,
            strides=(1, *self.layer.strides),
            dilation=(1, *self.layer.dilation_rate),
            padding=self.layer.padding,
            suffix="_input",
        )

    def step(self, x: str, states: Any, builder: Builder) -> tuple[str, list[str]]:
        """Add the step of an LSTM, and the convolution of the input if it has none."""
        if not self.at_once:
            x = builder.add(
                Linear,
                (x,),
                (*builder.shape(states[0])[:-1], self.kernel.shape[-1]),
                "conv",
                kernel=self.kernel,
                bias=self.bias,
                strides=tuple(self.layer.strides),
                dilation=tuple(self.layer.dilation_rate),
                padding=self.layer.padding,
                suffix="_input",
            )
        return super().step(x, states, builder)

    def inner(self, h: str, builder: Builder) -> str:
        """Add the convolution of the state, which keeps its size."""
        ones = (1,) * self.layer.rank
        return builder.add(
            Linear,
            (h,),
            (*builder.shape(h)[:-1], self.recurrent.shape[-1]),
            "conv",
            kernel=self.recurrent,
            strides=ones,
            dilation=ones,
            padding="same",
            suffix="_recurrent",
        )
