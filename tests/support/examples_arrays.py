"""Examples of operations that put values elsewhere: shapes, parts, joints."""

import numpy as np
from keras import ops
from operation_calls import (
    PAIR,
    kernel,
    numbers,
    of_three,
    plain,
)

from examples import of

PATCHES = "b (h p) (w q) c -> b (h w) (p q c)"

ARRAYS = {
    "Reshape": [
        of(lambda x: ops.reshape(x, (-1, 12))),
        of(lambda x: ops.reshape(x, (-1, 2, 6))),
        of(lambda x: ops.reshape(x, (-1,)), (1,)),
    ],
    "ExpandDims": [
        of(lambda x: ops.expand_dims(x, 1)),
        of(lambda x: ops.expand_dims(x, -1)),
        of(lambda x: ops.expand_dims(x, (1, -1))),
    ],
    "Squeeze": [
        of(lambda x: ops.squeeze(x, 1), (1, 4)),
        of(lambda x: ops.squeeze(x, (-1, 1)), (1, 4, 1)),
        of(lambda x: ops.squeeze(x, -1), (3, 4, 1)),
    ],
    "Transpose": [
        of(lambda x: ops.transpose(x, (0, 2, 1))),
        of(lambda x: ops.transpose(x, (0, -1, 1, 2)), (2, 3, 4)),
    ],
    "Swapaxes": [
        of(lambda x: ops.swapaxes(x, 1, 2)),
        of(lambda x: ops.swapaxes(x, -1, -3), (2, 3, 4)),
    ],
    "Moveaxis": [
        of(lambda x: ops.moveaxis(x, 1, -1), (2, 3, 4)),
        of(lambda x: ops.moveaxis(x, (1, 2), (3, 1)), (2, 3, 4)),
    ],
    "Rearrange": [
        of_three(lambda x: ops.rearrange(x, PATCHES, p=2, q=3), (4, 6, 2)),
        of_three(lambda x: ops.rearrange(x, "b t c -> b c t"), (3, 4)),
    ],
    "SpaceToDepth": [
        of(lambda x: ops.space_to_depth(x, 2), (4, 6, 3)),
        of(lambda x: ops.space_to_depth(x, 2, data_format="channels_first"), (3, 4, 6)),
    ],
    "DepthToSpace": [
        of(lambda x: ops.depth_to_space(x, 2), (2, 3, 8)),
        of(lambda x: ops.depth_to_space(x, 2, data_format="channels_first"), (8, 2, 3)),
    ],
    "GetItem": [
        of(lambda x: x[:, 0]),
        of(lambda x: x[:, -1]),
        of(lambda x: x[:, 1:3, ::2]),
        of(lambda x: x[:, ::-1, 1::2]),
        of(lambda x: x[:, 2:0:-1]),
        of(lambda x: x[..., 0]),
        of(lambda x: x[..., None]),
        of(lambda x: x[:, None, ..., -2:]),
        of(lambda x: x[:, -2:, :-1] + x[:, :2, 1:]),
        of(lambda x: x[:, 1], (4,)),
        of(lambda x: x[:, :] * 2),
        of(lambda x: x[:, 0, ::-2, :, None], (2, 5, 3)),
        of(lambda x: x[:, ::-1], (1, 4)),
    ],
    "Take": [
        of(lambda x: ops.take(x, [2, 0, -1], axis=-1)),
        of(lambda x: ops.take(x, 1, axis=1)),
        of(lambda x: ops.take(x, np.array([[0, 1], [2, 2]]), axis=1)),
        numbers(lambda n: ops.take(kernel(9, 3), n, axis=0), (4,)),
        numbers(lambda n: ops.take(kernel(9, 3, 2), n + 1, axis=0), (4,)),
    ],
    "TakeAlongAxis": [
        of(lambda x: ops.take_along_axis(x, np.array([[[0, 1], [2, 3], [1, 1]]]), 2)),
        of(lambda x: ops.take_along_axis(x, np.array([[[0, 1, 2, 0]]]), axis=1)),
    ],
    "Slice": [of(lambda x: ops.slice(x, (0, 1, 1), (-1, 2, 2)))],
    "SliceUpdate": [of(lambda x, y: ops.slice_update(x, (0, 1, 2), y), (3, 4), (2, 2))],
    "Diagonal": [
        of(lambda x: ops.diagonal(x, axis1=1, axis2=2)),
        of(lambda x: ops.diagonal(x, 1, -1, 1), (3, 2, 4)),
    ],
    "Tril": [of(ops.tril), of(lambda x: ops.tril(x, 1))],
    "Triu": [of(ops.triu), of(lambda x: ops.triu(x, -1), (2, 3, 4))],
    "Rot90": [
        of(lambda x: ops.rot90(x, axes=(1, 2))),
        of(lambda x: ops.rot90(x, 3, axes=(2, 1))),
    ],
    "Concatenate": [
        of(lambda x, y: ops.concatenate([x, y], -1), (3, 4), (3, 2)),
        of(lambda x, y: ops.concatenate([x, y, x], axis=1), (3, 4), (2, 4)),
    ],
    "Append": [of(lambda x, y: ops.append(x, y, axis=1), (3, 4), (2, 4))],
    "Stack": [
        of(lambda x, y: ops.stack([x, y], 1), *PAIR),
        of(lambda x, y: ops.stack([x, y], axis=-1), *PAIR),
    ],
    "Hstack": [of(lambda x, y: ops.hstack([x, y]), (3, 4), (2, 4))],
    "Dstack": [
        of(lambda x, y: ops.dstack([x, y]), (3, 4), (3, 2)),
        of(lambda x, y: ops.dstack([x, y]), (3,), (3,)),
    ],
    "Split": [
        of(lambda x: ops.split(x, 2, axis=-1)),
        of(lambda x: ops.split(x, (1, 3), axis=2)),
        of(lambda x: ops.add(*ops.split(x, 2, axis=1)), (4, 3)),
    ],
    "ArraySplit": [of(lambda x: ops.array_split(x, 3, axis=-1))],
    "Hsplit": [of(lambda x: ops.hsplit(x, 3)), of(lambda x: ops.hsplit(x, [1]))],
    "Dsplit": [of(lambda x: ops.dsplit(x, 2))],
    "Unstack": [
        of(lambda x: ops.unstack(x, axis=1)),
        of(lambda x: ops.unstack(x, axis=-1)[1]),
    ],
    "Repeat": [
        of(lambda x: ops.repeat(x, 2, axis=1)),
        of(lambda x: ops.repeat(x, 3, axis=-1)),
        of(lambda x: ops.repeat(x, [1, 0, 2], axis=1)),
    ],
    "Tile": [of(lambda x: ops.tile(x, (1, 2, 3))), of(lambda x: ops.tile(x, 2))],
    "BroadcastTo": [
        of_three(lambda x: ops.broadcast_to(x, (3, 3, 4)), (1, 4)),
        of_three(lambda x: ops.broadcast_to(x, (3, 2, 4)), (2, 4)),
    ],
    "Fliplr": plain("fliplr"),
    "Flip": [of(lambda x: ops.flip(x, 1)), of(lambda x: ops.flip(x, (1, -1)))],
    "Roll": [
        of(lambda x: ops.roll(x, 1, 1)),
        of(lambda x: ops.roll(x, -3, axis=-1)),
        of(lambda x: ops.roll(x, (1, 2), (1, 2))),
    ],
    "Pad": [
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)))),
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), "reflect")),
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), mode="symmetric")),
        of(lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), constant_values=0.7)),
    ],
}
