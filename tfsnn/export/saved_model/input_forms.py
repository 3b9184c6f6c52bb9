"""The forms in which an exported network takes its inputs, as `tfsnn.data` has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from tfsnn.data.images import resized_pixels
from tfsnn.errors import OptionError
from tfsnn_numpy.defaults import SERVED_INPUTS

FLOAT, UINT8, JPEG = SERVED_INPUTS

Shape = tuple[int, ...]


@dataclass(frozen=True)
class InputForm:
    """Inputs as float32 of the network's own scale; the base of the other forms.

    Attributes:
        raw: whether 8-bit values stay at 0..255, instead of 0..1.
        whole: names of the inputs that take integers; they are float32 in every form,
            and never scaled.
    """

    name: ClassVar[str] = FLOAT
    description: ClassVar[str] = "float32 numbers, as the network was trained on"
    dtype: ClassVar[Any] = tf.float32
    typical: ClassVar[Any] = 0.5  # the value in warm-up requests

    raw: bool = False
    whole: frozenset[str] = frozenset()

    def spec(self, name: str, shape: Shape, batch: int | None, key: str) -> Any:
        """Return the spec of a batch of an input; `key` is its name in signatures."""
        return tf.TensorSpec(
            (batch, *self.sample_shape(name, shape)), self.dtype_of(name), name=key
        )

    def dtype_of(self, name: str) -> Any:
        """Return the type of an input in this form."""
        return tf.float32 if name in self.whole else self.dtype

    def sample_shape(self, name: str, shape: Shape) -> Shape:
        """Return the shape of a sample in this form, from that in the network."""
        return shape

    def filler(self, name: str, shape: Shape) -> Any:
        """Return a value that every network takes, to fill an input with."""
        return 0.0 if name in self.whole else self.typical

    def prepare(self, name: str, shape: Shape, x: Any) -> Any:
        """Turn a batch in this form into what the network takes, in float32.

        Integers may come as int64, the only ones that ``tf.Example`` has.
        """
        return tf.cast(x, tf.float32)

    def feature(self, name: str, shape: Shape) -> Any:
        """Return how to read an input from a ``tf.Example``."""
        dtype = tf.int64 if name in self.whole else self._feature_dtype
        return tf.io.FixedLenFeature(self.sample_shape(name, shape), dtype)

    @property
    def _feature_dtype(self) -> Any:
        return self.dtype


class ByteForm(InputForm):
    """Inputs as unsigned 8-bit numbers, times 1/255 unless raw."""

    name = UINT8
    description = "unsigned 8-bit numbers, 0 to 255"
    dtype = tf.uint8
    typical = 128

    def prepare(self, name: str, shape: Shape, x: Any) -> Any:
        """Scale 8-bit numbers to float32 of the network's scale."""
        values = tf.cast(x, tf.float32)
        unscaled = self.raw or name in self.whole
        return values if unscaled else values * np.float32(1 / 255)

    @property
    def _feature_dtype(self) -> Any:
        return tf.int64


class ImageForm(InputForm):
    """Inputs as encoded images, JPEG or PNG, resized as a folder of images is."""

    name = JPEG
    description = 'encoded images, JPEG or PNG, of any size; in JSON {"b64": BASE64}'
    dtype = tf.string

    def sample_shape(self, name: str, shape: Shape) -> Shape:
        """Return the shape of one string, ``()``."""
        return ()

    def filler(self, name: str, shape: Shape) -> Any:
        """Return an encoded grey image of the network's size."""
        grey = np.full(shape, 128, np.uint8)
        return tf.io.encode_jpeg(grey).numpy()

    def prepare(self, name: str, shape: Shape, x: Any) -> Any:
        """Decode images to the network's size, with values 0..1 unless raw."""

        def decoded(stored: Any) -> Any:
            image = tf.io.decode_image(stored, shape[2], expand_animations=False)
            image.set_shape((None, None, shape[2]))
            raw = frozenset({name} if self.raw else ())
            return resized_pixels(image, shape, raw)

        spec = tf.TensorSpec(shape, tf.float32)
        return tf.map_fn(decoded, x, fn_output_signature=spec)


FORMS = {form.name: form for form in (InputForm, ByteForm, ImageForm)}


def input_form(
    name: str, inputs: dict[str, Shape], raw: bool, whole: frozenset[str]
) -> InputForm:
    """Return the form of this name, for a network with these inputs.

    Raises:
        OptionError: if there is no such form, or the network cannot take it.
    """
    if name not in FORMS:
        raise OptionError(
            f"input={name!r} is no form of inputs; give one of {', '.join(FORMS)}"
        )
    if raw and name == InputForm.name:
        raise OptionError(
            "raw is for 8-bit inputs: give input uint8 or jpeg with it, or leave it out"
        )
    if name == ImageForm.name:
        shapes = list(inputs.values())
        images = [s for s in shapes if len(s) == 3 and s[2] in (1, 3)]
        if len(images) != 1 or len(shapes) != 1 or whole:
            raise OptionError(
                f"input={name!r} is for a network with one input, (height, width, 1 or "
                f"3); this one takes {inputs}: give float or uint8"
            )
    return FORMS[name](raw, whole)
