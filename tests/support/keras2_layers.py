"""Small models of Keras 2, one or more for each layer class that Keras 3 shares."""

import functools

import tf_keras

old = tf_keras.layers


def cell_of_two():
    return old.StackedRNNCells([old.LSTMCell(2), old.GRUCell(3), old.SimpleRNNCell(2)])


def inner_model(shape=(3,)):
    x = old.Input(shape)
    y = old.Add()([old.Dense(4)(x), old.Dense(4, activation="relu")(x)])
    return tf_keras.Model(x, old.BatchNormalization()(y))


# By class: pairs of a function that makes the layer, and the shape of a sample; several
# shapes are several inputs in a list. In a tuple of two, a whole number is the bound of
# whole numbers as inputs.
CASES = {
    "Activation": [
        (lambda name=name: old.Activation(name), (3, 4))
        for name in dir(tf_keras.activations)
        if not name.startswith("_") and name not in ("deserialize", "get", "serialize")
    ],
    "ActivityRegularization": [(lambda: old.ActivityRegularization(0.1), (3,))],
    "Add": [(lambda: old.Add(), [(3,), (3,)])],
    "AdditiveAttention": [
        (lambda: old.AdditiveAttention(), [(3, 4), (5, 4)]),
        (lambda: old.AdditiveAttention(use_scale=False), [(3, 4), (5, 4), (5, 4)]),
    ],
    "AlphaDropout": [(lambda: old.AlphaDropout(0.2), (3,))],
    "Attention": [
        (lambda: old.Attention(), [(3, 4), (5, 4)]),
        (lambda: old.Attention(use_scale=True, dropout=0.1), [(3, 4), (5, 4), (5, 4)]),
        (lambda: old.Attention(score_mode="concat"), [(3, 4), (5, 4)]),
    ],
    "Average": [(lambda: old.Average(), [(3,), (3,), (3,)])],
    "BatchNormalization": [
        (lambda: old.BatchNormalization(), (4, 4, 3)),
        (lambda: old.BatchNormalization(axis=1, epsilon=0.1), (4, 5, 3)),
        (lambda: old.BatchNormalization(center=False, trainable=False), (3,)),
        (lambda: old.BatchNormalization(scale=False, momentum=0.9), (3,)),
    ],
    "Bidirectional": [
        (lambda: old.Bidirectional(old.LSTM(3)), (4, 2)),
        (lambda: old.Bidirectional(old.GRU(3, return_sequences=True), "sum"), (4, 2)),
        (
            lambda: old.Bidirectional(
                old.SimpleRNN(3), backward_layer=old.LSTM(2, go_backwards=True)
            ),
            (4, 2),
        ),
    ],
    "CategoryEncoding": [
        (lambda: old.CategoryEncoding(4), ((3,), 4)),
        (lambda: old.CategoryEncoding(4, output_mode="count"), ((3,), 4)),
    ],
    "CenterCrop": [(lambda: old.CenterCrop(3, 2), (5, 6, 2))],
    "Concatenate": [(lambda: old.Concatenate(axis=1), [(3, 2), (4, 2)])],
    "Conv1D": [
        (lambda: old.Conv1D(3, 2), (6, 2)),
        (lambda: old.Conv1D(4, 2, dilation_rate=2, padding="causal", groups=2), (6, 2)),
    ],
    "Conv1DTranspose": [
        (lambda: old.Conv1DTranspose(3, 3, strides=2, output_padding=1), (5, 2)),
        (lambda: old.Conv1DTranspose(3, 2, padding="same"), (5, 2)),
    ],
    "Conv2D": [
        (lambda: old.Conv2D(3, 2, activation="relu"), (5, 4, 2)),
        (
            lambda: old.Conv2D(
                4, (2, 3), 2, "same", groups=2, kernel_regularizer="l2", use_bias=False
            ),
            (5, 4, 2),
        ),
    ],
    "Conv2DTranspose": [
        (lambda: old.Conv2DTranspose(3, 3, 2, "same"), (4, 3, 2)),
        (lambda: old.Conv2DTranspose(3, 3, 2, output_padding=1), (4, 3, 2)),
    ],
    "Conv3D": [(lambda: old.Conv3D(3, 2, 2, "same"), (4, 3, 3, 2))],
    "Conv3DTranspose": [(lambda: old.Conv3DTranspose(3, 2, 2), (3, 2, 2, 2))],
    "ConvLSTM1D": [(lambda: old.ConvLSTM1D(3, 2), (2, 5, 2))],
    "ConvLSTM2D": [
        (lambda: old.ConvLSTM2D(3, 2), (2, 4, 3, 2)),
        (lambda: old.ConvLSTM2D(2, 2, return_sequences=True, strides=2), (2, 5, 5, 1)),
    ],
    "ConvLSTM3D": [(lambda: old.ConvLSTM3D(2, 2), (2, 3, 3, 2, 1))],
    "Cropping1D": [(lambda: old.Cropping1D((1, 2)), (6, 2))],
    "Cropping2D": [(lambda: old.Cropping2D(((1, 0), (2, 1))), (5, 6, 2))],
    "Cropping3D": [(lambda: old.Cropping3D(1), (4, 5, 3, 2))],
    "Dense": [
        (lambda: old.Dense(3, activation="gelu"), (4,)),
        (lambda: old.Dense(3, activation=old.LeakyReLU(0.3)), (4, 2)),
        (lambda: old.Dense(3, "hard_sigmoid", bias_constraint="non_neg"), (4,)),
        (lambda: old.Dense(3, dtype="mixed_float16"), (4,)),
    ],
    "DepthwiseConv1D": [
        (lambda: old.DepthwiseConv1D(2, depth_multiplier=2), (6, 3)),
    ],
    "DepthwiseConv2D": [
        (lambda: old.DepthwiseConv2D(2), (5, 4, 2)),
        (lambda: old.DepthwiseConv2D(3, 2, "same", depth_multiplier=2), (5, 4, 2)),
    ],
    "Discretization": [(lambda: old.Discretization([-0.5, 0.0, 0.5]), (6,))],
    "Dot": [
        (lambda: old.Dot(axes=1), [(3,), (3,)]),
        (lambda: old.Dot(axes=(2, 1), normalize=True), [(2, 3), (3, 4)]),
    ],
    "Dropout": [(lambda: old.Dropout(0.5, noise_shape=(None, 1)), (3,))],
    "ELU": [(lambda: old.ELU(0.5), (3,))],
    "EinsumDense": [
        (lambda: old.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), (3, 4)),
    ],
    "Embedding": [
        (lambda: old.Embedding(7, 3, input_length=4), ((4,), 7)),
        (lambda: old.Embedding(7, 3, mask_zero=True), ((4,), 7)),
    ],
    "Flatten": [(lambda: old.Flatten(), (3, 2, 2))],
    "GRU": [
        (lambda: old.GRU(3), (4, 2)),
        (lambda: old.GRU(3, reset_after=False, return_sequences=True), (4, 2)),
        (lambda: old.GRU(3, recurrent_activation="hard_sigmoid", unroll=True), (4, 2)),
        (lambda: old.GRU(3, implementation=1, use_bias=False, dropout=0.1), (4, 2)),
    ],
    "GRUCell": [(lambda: old.RNN(old.GRUCell(3)), (4, 2))],
    "GaussianDropout": [(lambda: old.GaussianDropout(0.5), (3,))],
    "GaussianNoise": [(lambda: old.GaussianNoise(0.5), (3,))],
    "GroupNormalization": [
        (lambda: old.GroupNormalization(2), (3, 3, 4)),
        (lambda: old.GroupNormalization(-1, epsilon=0.1, scale=False), (3, 4)),
    ],
    "HashedCrossing": [(lambda: old.HashedCrossing(5), [((1,), 9), ((1,), 9)])],
    "Hashing": [(lambda: old.Hashing(5), ((3,), 9))],
    "Identity": [(lambda: old.Identity(), (3,))],
    "InputLayer": [(lambda: old.Dense(2), (3,))],
    "IntegerLookup": [
        (lambda: old.IntegerLookup(vocabulary=[3, 5, 7]), ((3,), 9)),
    ],
    "LSTM": [
        (lambda: old.LSTM(3), (4, 2)),
        (lambda: old.LSTM(3, recurrent_activation="hard_sigmoid"), (4, 2)),
        (
            lambda: old.LSTM(
                3, return_sequences=True, go_backwards=True, unit_forget_bias=False
            ),
            (4, 2),
        ),
        (lambda: old.LSTM(3, stateful=True, activation="relu"), (4, 2)),
    ],
    "LSTMCell": [(lambda: old.RNN(old.LSTMCell(3), return_sequences=True), (4, 2))],
    "LayerNormalization": [
        (lambda: old.LayerNormalization(), (3, 4)),
        (lambda: old.LayerNormalization(axis=[1, 2], center=False), (3, 4)),
        (lambda: old.LayerNormalization(axis=1, epsilon=0.1), (3, 4)),
    ],
    "LeakyReLU": [(lambda: old.LeakyReLU(), (3,)), (lambda: old.LeakyReLU(0.1), (3,))],
    "LocallyConnected1D": [
        (lambda: old.LocallyConnected1D(3, 2, activation="relu"), (6, 2)),
        (lambda: old.LocallyConnected1D(3, 3, 2, "same", implementation=2), (6, 2)),
        (lambda: old.LocallyConnected1D(3, 4, 2, "same", implementation=3), (7, 2)),
    ],
    "LocallyConnected2D": [
        (lambda: old.LocallyConnected2D(3, (2, 3), (1, 2)), (5, 5, 2)),
        (
            lambda: old.LocallyConnected2D(2, 2, use_bias=False, implementation=3),
            (4, 3, 2),
        ),
        (lambda: old.LocallyConnected2D(2, 3, 2, "same", implementation=2), (5, 4, 2)),
        (lambda: old.LocallyConnected2D(2, 2, 1, "same", implementation=3), (3, 4, 1)),
    ],
    "Masking": [(lambda: old.Masking(0.5), (3, 4))],
    "Maximum": [(lambda: old.Maximum(), [(3,), (3,)])],
    "Minimum": [(lambda: old.Minimum(), [(3,), (3,)])],
    "MultiHeadAttention": [
        (lambda: lambda xs: old.MultiHeadAttention(2, 3)(*xs), [(3, 4), (5, 4)]),
        (
            lambda: (
                lambda xs: old.MultiHeadAttention(
                    2, 3, value_dim=2, use_bias=False, output_shape=5
                )(xs[0], xs[1], key=xs[1])
            ),
            [(3, 4), (5, 2)],
        ),
    ],
    "Multiply": [(lambda: old.Multiply(), [(3,), (3,)])],
    "Normalization": [
        (lambda: old.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0]), (2,)),
        (lambda: old.Normalization(mean=1.0, variance=2.0, axis=None), (2,)),
        (lambda: old.Normalization(axis=-1), (3, 2)),
        (lambda: old.Normalization(axis=None), (3, 2)),
    ],
    "PReLU": [
        (lambda: old.PReLU(), (3, 4)),
        (lambda: old.PReLU(shared_axes=[1, 2]), (3, 4, 2)),
    ],
    "Permute": [(lambda: old.Permute((2, 1)), (3, 4))],
    "RNN": [
        (lambda: old.RNN(cell_of_two(), return_sequences=True), (4, 2)),
        (lambda: old.RNN([old.GRUCell(2), old.GRUCell(2)], unroll=True), (4, 2)),
    ],
    "ReLU": [
        (lambda: old.ReLU(), (3,)),
        (lambda: old.ReLU(0.5, negative_slope=0.1, threshold=0.2), (6,)),
    ],
    "RepeatVector": [(lambda: old.RepeatVector(2), (3,))],
    "Rescaling": [
        (lambda: old.Rescaling(1 / 127.5, offset=-1), (3, 3, 2)),
        (lambda: old.Rescaling([0.1, 0.2], offset=[0.5, 1.0]), (3, 2)),
    ],
    "Reshape": [(lambda: old.Reshape((2, -1)), (3, 4))],
    "Resizing": [
        (lambda: old.Resizing(3, 5), (4, 4, 2)),
        (lambda: old.Resizing(3, 5, "nearest", crop_to_aspect_ratio=True), (6, 4, 2)),
    ],
    "SeparableConv1D": [
        (lambda: old.SeparableConv1D(3, 2, depth_multiplier=2), (6, 2)),
    ],
    "SeparableConv2D": [
        (lambda: old.SeparableConv2D(3, 2, 2, "same", activation="relu"), (5, 4, 2)),
    ],
    "SimpleRNN": [
        (lambda: old.SimpleRNN(3), (4, 2)),
        (lambda: old.SimpleRNN(3, "relu", return_sequences=True), (4, 2)),
    ],
    "SimpleRNNCell": [(lambda: old.RNN(old.SimpleRNNCell(3)), (4, 2))],
    "Softmax": [
        (lambda: old.Softmax(), (3, 4)),
        (lambda: old.Softmax(axis=[1, 2]), (3, 4)),
    ],
    "SpatialDropout1D": [(lambda: old.SpatialDropout1D(0.5), (3, 4))],
    "SpatialDropout2D": [(lambda: old.SpatialDropout2D(0.5), (3, 4, 2))],
    "SpatialDropout3D": [(lambda: old.SpatialDropout3D(0.5), (3, 4, 2, 2))],
    "StackedRNNCells": [(lambda: old.RNN(cell_of_two()), (4, 2))],
    "Subtract": [(lambda: old.Subtract(), [(3,), (3,)])],
    "ThresholdedReLU": [(lambda: old.ThresholdedReLU(0.3), (8,))],
    "TimeDistributed": [
        (lambda: old.TimeDistributed(old.Dense(3)), (4, 2)),
        (lambda: old.TimeDistributed(old.BatchNormalization()), (4, 2)),
        (lambda: old.TimeDistributed(inner_model()), (4, 3)),
    ],
    "UnitNormalization": [
        (lambda: old.UnitNormalization(), (3, 4)),
        (lambda: old.UnitNormalization(axis=[1, 2]), (3, 4)),
    ],
    "UpSampling1D": [(lambda: old.UpSampling1D(2), (3, 2))],
    "UpSampling2D": [
        (lambda: old.UpSampling2D((2, 3)), (3, 2, 2)),
        (lambda: old.UpSampling2D(2, interpolation="bilinear"), (3, 2, 2)),
    ],
    "UpSampling3D": [(lambda: old.UpSampling3D(2), (2, 2, 2, 1))],
    "ZeroPadding1D": [(lambda: old.ZeroPadding1D((1, 2)), (3, 2))],
    "ZeroPadding2D": [(lambda: old.ZeroPadding2D(((1, 0), (2, 3))), (3, 2, 1))],
    "ZeroPadding3D": [(lambda: old.ZeroPadding3D(1), (2, 2, 2, 1))],
}
RANDOM = {
    **dict.fromkeys(("Brightness", "Contrast", "Height", "Rotation"), (0.2,)),
    **dict.fromkeys(("Width", "Zoom"), (0.2,)),
    **{"Crop": (3, 2), "Flip": ("horizontal",), "Translation": (0.2, 0.3)},
}
for kind, values in RANDOM.items():
    make = functools.partial(getattr(old, f"Random{kind}"), *values)
    CASES[f"Random{kind}"] = [(make, (4, 4, 3))]
for rank in (1, 2, 3):
    shape = (*(5, 4, 4)[:rank], 2)
    for kind in ("Average", "Max"):
        name = f"{kind}Pooling{rank}D"
        CASES[name] = [
            (lambda name=name: getattr(old, name)(2), shape),
            (lambda name=name: getattr(old, name)(3, 2, "same"), shape),
        ]
        name = f"Global{kind}Pooling{rank}D"
        CASES[name] = [
            (lambda name=name: getattr(old, name)(), shape),
            (lambda name=name: getattr(old, name)(keepdims=True), shape),
        ]
