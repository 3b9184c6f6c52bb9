"""Networks of n bits in plain TensorFlow, in every form of its fake quantisation."""

import numpy as np
import tensorflow as tf

FORMS = ("vars", "per_channel", "args", "qdq")
BATCH = 50


class QuantisedNet(tf.Module):
    """A residual convolutional network that rounds every weight and activation.

    Weights have as many bits as activations, but four at least.
    """

    def __init__(self, bits, form, channels=6):
        super().__init__()
        self.bits, self.form = bits, form
        rng = np.random.default_rng(0)

        def kernel(*shape):
            spread = np.sqrt(2 / np.prod(shape[:-1]))
            return tf.Variable(rng.normal(0, spread, shape).astype(np.float32))

        c = channels
        self.first, self.second = kernel(3, 3, 1, c), kernel(3, 3, c, c)
        self.third, self.dense = kernel(3, 3, c, 2 * c), kernel(2 * c * 9, 10)
        self.biases = [tf.Variable(tf.zeros(n)) for n in (c, c, 2 * c, 10)]
        size = (c,) if form == "per_channel" else ()
        self.high = [tf.Variable(tf.fill(size, 3.0)) for _ in range(2)]
        self.high += [tf.Variable(3.0), tf.Variable(4.0)]
        self.low = tf.Variable(tf.fill(size, -3.0))

    def weights(self, w, bits):
        """Rounded in a range of its own, or in one for each output channel."""
        if self.form == "per_channel":
            flat = tf.reshape(w, (-1, w.shape[-1]))
            most = tf.reduce_max(tf.abs(flat), 0)
            per_channel = tf.quantization.fake_quant_with_min_max_vars_per_channel
            rounded = per_channel(flat, -most, most, bits, narrow_range=True)
            return tf.reshape(rounded, w.shape)
        most = tf.reduce_max(tf.abs(w))
        if self.form == "qdq":
            return tf.quantization.quantize_and_dequantize_v2(
                w, -most, most, num_bits=bits, range_given=True, narrow_range=True
            )
        return tf.quantization.fake_quant_with_min_max_vars(
            w, -most, most, bits, narrow_range=True
        )

    def levels(self, x, high, low=None):
        """Rounded between 0, or `low`, and `high`."""
        q, signed = tf.quantization, low is not None
        low = tf.zeros_like(high) if low is None else low
        if self.form == "args":
            bottom = -3.0 if signed else 0.0
            return q.fake_quant_with_min_max_args(x, bottom, 3.0, self.bits)
        if self.form == "qdq":
            return q.quantize_and_dequantize_v2(
                x, low, high, signed, self.bits, True, "HALF_TO_EVEN"
            )
        if self.form == "per_channel" and high.shape.rank:
            return q.fake_quant_with_min_max_vars_per_channel(x, low, high, self.bits)
        return q.fake_quant_with_min_max_vars(x, low, high, self.bits)

    @tf.function(input_signature=[tf.TensorSpec((None, 28, 28, 1), tf.float32)])
    def __call__(self, x):
        b, bits = self.biases, max(self.bits, 4)
        x = tf.quantization.fake_quant_with_min_max_args(x, 0.0, 1.0, 8)
        x = tf.nn.conv2d(x, self.weights(self.first, bits), 2, "SAME") + b[0]
        x = self.levels(tf.nn.relu(x), self.high[0])
        y = tf.nn.conv2d(x, self.weights(self.second, bits), 1, "SAME") + b[1]
        y = self.levels(y, self.high[1], self.low)  # either sign
        x = self.levels(tf.nn.relu(x + y), self.high[0])
        x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        x = tf.nn.conv2d(x, self.weights(self.third, bits), 1, "SAME") + b[2]
        x = self.levels(tf.nn.relu6(x), self.high[2])
        x = tf.reshape(tf.nn.max_pool2d(x, 2, 2, "VALID"), (-1, self.dense.shape[0]))
        return tf.matmul(x, self.weights(self.dense, bits)) + b[3]


def trained(bits, form, x, y, steps, seed=1):
    """The network after some steps of training on images and labels."""
    net = QuantisedNet(bits, form)
    variables = list(net.trainable_variables)
    momentum = [tf.Variable(tf.zeros_like(v)) for v in variables]

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(images))
            )
        found = tape.gradient(loss, variables)
        for v, m, g in zip(variables, momentum, found, strict=True):
            if g is not None:
                m.assign(0.9 * m + g)
                v.assign_sub(0.02 * m)

    rng = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.integers(0, len(x), BATCH)
        step(x[chosen], y[chosen])
    return net
