"""Examples of operations on windows, images, spectra, and of attention."""

from keras import ops
from operation_calls import (
    at_once,
    kernel,
)

from examples import of

SIGNALS = {
    "AveragePool": [
        *[
            of(lambda x: ops.average_pool(x, 2), (7, 4)),
            of(lambda x: ops.average_pool(x, (3, 2), (1, 2), "same"), (6, 5, 2)),
            of(lambda x: ops.average_pool(x, 2, 1), (4, 3, 5, 2)),
        ],
        *[
            of(
                lambda x: ops.average_pool(x, 2, data_format="channels_first"),
                (2, 6, 5),
            )
        ],
    ],
    "MaxPool": [
        of(lambda x: ops.max_pool(x, 2), (7, 4)),
        of(lambda x: ops.max_pool(x, (3, 2), (1, 2), "same"), (6, 5, 2)),
        of(lambda x: ops.max_pool(x, 2, 1), (4, 3, 5, 2)),
    ],
    "AdaptiveAveragePool": [
        of(lambda x: ops.adaptive_average_pool(x, (3,)), (7, 4)),
        of(lambda x: ops.adaptive_average_pool(x, (2, 3)), (4, 6, 2)),
        of(
            lambda x: ops.adaptive_average_pool(
                x, (2, 2), data_format="channels_first"
            ),
            (2, 5, 6),
        ),
    ],
    "AdaptiveMaxPool": [
        of(lambda x: ops.adaptive_max_pool(x, (3,)), (7, 4)),
        of(lambda x: ops.adaptive_max_pool(x, (2, 3)), (4, 6, 2)),
    ],
    "Conv": [
        of(lambda x: ops.conv(x, kernel(3, 4, 5)), (7, 4)),
        of(lambda x: ops.conv(x, kernel(3, 2, 4, 5), (2, 1), "same"), (6, 5, 4)),
        of(lambda x: ops.conv(x, kernel(3, 3, 4, 6), dilation_rate=2), (6, 7, 4)),
        of(
            lambda x: ops.conv(x, kernel(3, 3, 2, 5), data_format="channels_first"),
            (2, 6, 5),
        ),
    ],
    "DepthwiseConv": [
        of(lambda x: ops.depthwise_conv(x, kernel(3, 4, 2)), (7, 4)),
        of(lambda x: ops.depthwise_conv(x, kernel(3, 2, 4, 2), 2, "same"), (6, 5, 4)),
    ],
    "SeparableConv": [
        of(lambda x: ops.separable_conv(x, kernel(3, 4, 2), kernel(1, 8, 3)), (7, 4)),
        of(
            lambda x: ops.separable_conv(
                x, kernel(3, 2, 4, 2), kernel(1, 1, 8, 3), 2, "same"
            ),
            (6, 5, 4),
        ),
    ],
    "ConvTranspose": [
        at_once(lambda x: ops.conv_transpose(x, kernel(3, 5, 4), 2), (7, 4)),
        at_once(
            lambda x: ops.conv_transpose(x, kernel(3, 2, 5, 4), 2, "same"), (6, 5, 4)
        ),
        at_once(
            lambda x: ops.conv_transpose(
                x, kernel(3, 3, 5, 4), 2, "same", output_padding=1
            ),
            (4, 5, 4),
        ),
    ],
    "ExtractSequences": [
        of(lambda x: ops.extract_sequences(x, 4, 2), (9,)),
        of(lambda x: ops.extract_sequences(x, 2, 1)),
    ],
    "ExtractPatches": [
        of(lambda x: ops.image.extract_patches(x, 2), (4, 6, 3)),
        of(
            lambda x: ops.image.extract_patches(x, (3, 2), strides=2, padding="same"),
            (4, 6, 3),
        ),
        of(
            lambda x: ops.image.extract_patches(x, 3, strides=1, dilation_rate=2),
            (6, 7, 2),
        ),
        of(
            lambda x: ops.image.extract_patches(x, 2, data_format="channels_first"),
            (3, 4, 6),
        ),
        of(lambda x: ops.image.extract_patches_3d(x, (2, 2, 2)), (4, 4, 2, 3)),
    ],
    "Unfold": [
        of(lambda x: ops.unfold(x, 2), (3, 4, 5)),
        of(lambda x: ops.unfold(x, (2, 3), dilation=1, padding=1, stride=2), (2, 4, 5)),
    ],
    "CropImages": [
        of(lambda x: ops.image.crop_images(x, 1, 1, 0, 2), (5, 6, 2)),
        of(
            lambda x: ops.image.crop_images(
                x, top_cropping=1, left_cropping=2, target_height=2, target_width=3
            ),
            (5, 6, 2),
        ),
    ],
    "PadImages": [
        of(lambda x: ops.image.pad_images(x, 1, 1, 0, 2), (3, 4, 2)),
        of(
            lambda x: ops.image.pad_images(
                x, top_padding=1, left_padding=2, target_height=6, target_width=7
            ),
            (3, 4, 2),
        ),
        of(
            lambda x: ops.image.pad_images(x, 1, 0, 0, 2, data_format="channels_first"),
            (2, 3, 4),
        ),
    ],
    "Resize": [
        *[
            of(lambda x: ops.image.resize(x, (4, 8)), (6, 5, 2)),
            of(
                lambda x: ops.image.resize(x, (3, 2), "bicubic", antialias=True),
                (6, 5, 2),
            ),
            of(lambda x: ops.image.resize(x, (9, 9), "nearest"), (6, 5, 2)),
        ],
        *[
            of(
                lambda x: ops.image.resize(x, (4, 8), data_format="channels_first"),
                (2, 6, 5),
            )
        ],
    ],
    "RGBToGrayscale": [
        of(ops.image.rgb_to_grayscale, (4, 5, 3)),
        of(
            lambda x: ops.image.rgb_to_grayscale(x, data_format="channels_first"),
            (3, 4, 5),
        ),
    ],
    "RGBToHSV": [of(lambda x: ops.image.rgb_to_hsv(ops.sigmoid(x)), (4, 5, 3))],
    "HSVToRGB": [of(lambda x: ops.image.hsv_to_rgb(ops.sigmoid(x)), (4, 5, 3))],
    "GaussianBlur": [
        of(ops.image.gaussian_blur, (5, 6, 2)),
        of(lambda x: ops.image.gaussian_blur(x, (3, 5), (0.7, 1.2)), (5, 6, 2)),
    ],
    "SobelEdges": [
        of(ops.image.sobel_edges, (5, 6, 2)),
        of(lambda x: ops.image.sobel_edges(x, data_format="channels_first"), (2, 5, 6)),
    ],
    "DotProductAttention": [
        of(ops.dot_product_attention, (5, 2, 3), (4, 2, 3), (4, 2, 3)),
        of(
            lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
            *[(5, 2, 3)] * 3,
        ),
        of(
            lambda q, k: ops.dot_product_attention(q, k, k, scale=0.3),
            (5, 4, 3),
            (5, 2, 3),
        ),
        of(
            lambda q, k, m: ops.dot_product_attention(
                q, k, k, bias=kernel(1, 2, 5, 4), mask=m
            ),
            (5, 2, 3),
            (4, 2, 3),
            (1, 5, 4),
            dtypes=("float32", "float32", "bool"),
        ),
    ],
    "RFFT": [
        of(ops.rfft, (8,)),
        of(lambda x: ops.rfft(x, 6), (3, 8)),
        of(lambda x: ops.rfft(x, 12), (9,)),
    ],
    "FFT": [of(lambda x, y: ops.fft((x, y)), (3, 5), (3, 5))],
    "IRFFT": [
        of(lambda x, y: ops.irfft((x, y)), (5,), (5,)),
        of(lambda x, y: ops.irfft((x, y), 7), (5,), (5,)),
        of(lambda x, y: ops.irfft((x, y), 6), (2, 5), (2, 5)),
    ],
    "STFT": [
        of(lambda x: ops.stft(x, 6, 3, 8), (20,)),
        of(lambda x: ops.stft(x, 8, 4, 8, window="hamming", center=False), (20,)),
        of(lambda x: ops.stft(x, 5, 2, 8, window=None), (17,)),
    ],
}
