"""ST-RSBP: S-PSPs, the effect table and the gradient, against loops and differences."""

import numpy as np
import pytest
import strsbp_reference as reference
import tensorflow as tf

from tfsnn.layers import SpikingDense, SpikingRecurrent, leaky_neuron
from tfsnn.training.strsbp.effect import (
    TRAINS,
    EffectTable,
    effect_table,
    mean_effects,
    one_train,
)
from tfsnn.training.strsbp.psp import each, fire, kernels, summed, traces
from tfsnn.training.strsbp.rule import Activity, layer_gradients

NEURON = (2.0, 16.0, 4.0, 2)  # threshold, tau_m, tau_s, refractory
T, B, N_IN, N = 50, 3, 6, 5


class Case:
    """A recurrent layer, the trains before it, and what it sent."""

    def __init__(self, layer):
        rng = np.random.default_rng(0)
        self.layer, self.tau_s = layer, NEURON[2]
        layer.build((None, T, N_IN))
        layer.kernel.assign(rng.uniform(-1, 4, (N_IN, N)))
        self.trains = (rng.random((T, B, N_IN)) < 0.3).astype(np.float32)
        self.error = rng.normal(size=(B, N)).astype(np.float32)
        if isinstance(layer, SpikingRecurrent):
            layer.recurrent_kernel.assign(rng.uniform(-2, 2, (N, N)))
        between = layer.recurrence()
        self.spikes = fire(layer.neuron, layer.currents(self.trains), between)
        kept = layer.neuron.synapse
        self.activity = Activity(
            traces(self.trains, kept),
            tf.constant(self.trains.sum(0)),
            self.spikes,
            None if between is None else traces(self.spikes, kept),
        )
        self.k = kernels(self.spikes, layer.neuron.decay, NEURON[3])
        self.e = each(self.k, self.activity.traces).numpy() / self.tau_s
        self.table = effect_table(layer.neuron, T)

    def gradients(self, **options):
        return layer_gradients(
            self.layer, self.activity, self.error, self.table, **options
        )


@pytest.fixture(scope="module")
def recurrent():
    return Case(SpikingRecurrent(N, leaky_neuron(*NEURON)))


@pytest.fixture(scope="module")
def dense():
    return Case(SpikingDense(N, leaky_neuron(*NEURON)))


def test_spikes_are_those_of_the_loop(recurrent):
    kernel, between = (w.numpy() for w in recurrent.layer.weights)
    for b in range(B):
        spikes, _ = reference.forward(recurrent.trains[:, b], kernel, between, NEURON)
        assert spikes.sum() > 10
        np.testing.assert_array_equal(recurrent.spikes[:, b], spikes)


def test_s_psps_are_those_of_the_loop(recurrent):
    spikes = recurrent.spikes.numpy()
    for b, i, j in np.ndindex(B, N, N_IN):
        e = reference.s_psp(recurrent.trains[:, b, j], spikes[:, b, i], NEURON)
        assert recurrent.e[b, i, j] == pytest.approx(e, abs=1e-5)


def test_s_psps_sum_up_to_the_potentials_before_resets(recurrent):
    kernel, between = (w.numpy() for w in recurrent.layer.weights)
    own = each(recurrent.k[1:], recurrent.activity.own[:-1]).numpy() / NEURON[2]
    for b in range(B):
        _, total = reference.forward(recurrent.trains[:, b], kernel, between, NEURON)
        found = (recurrent.e[b] * kernel.T).sum(1) + (own[b] * between.T).sum(1)
        np.testing.assert_allclose(found, total, rtol=1e-4, atol=1e-4)
        counts = recurrent.activity.counts.numpy()[b]
        assert (total >= NEURON[0] * counts - 1e-4).all()


def test_the_product_over_the_batch_is_the_sum_of_all_s_psps(recurrent):
    found = summed(recurrent.k, recurrent.activity.traces).numpy() / NEURON[2]
    np.testing.assert_allclose(found, recurrent.e.sum(0).T, rtol=1e-5)


@pytest.mark.parametrize("pre, own", [(3, 8), (12, 4), (12, 20)])
def test_mean_s_psps_are_those_of_random_trains_in_the_loop(pre, own):
    rng, found = np.random.default_rng(1), []
    for _ in range(300):
        train, post = (one_train(rng, count, 100, 3) for count in (pre, own))
        found.append(reference.s_psp(train, post, (2.0, 32.0, 4.0, 2)) * 4.0)
    error = np.std(found) * np.sqrt(1 / 300 + 2 / TRAINS)
    means = mean_effects(100, 1 - 1 / 32, 1 - 1 / 4, 2)
    assert means.shape == (25, 25)
    assert abs(means[pre - 1, own - 1] - np.mean(found)) < 4 * error
    assert error < 0.1 * np.mean(found)


def test_the_table_is_the_slope_of_mean_s_psps():
    table = effect_table(leaky_neuron(2.0, 32.0, 4.0, 2), 100)
    means = mean_effects(100, 1 - 1 / 32, 1 - 1 / 4, 2)
    assert table.most == 25 and not table.coefficients[0].any()
    counts = np.arange(1, 26)
    for pre in (5, 12, 20):
        slope = np.polyder(np.polyfit(counts, means[pre - 1], 4))
        found = [(table.coefficients[pre] * o ** np.arange(4.0)).sum() for o in counts]
        np.testing.assert_allclose(found, np.polyval(slope, counts), 1e-3, 1e-3)


def test_the_summed_effect_is_that_of_a_loop_over_pairs():
    rng = np.random.default_rng(2)
    coefficients = rng.normal(size=(8, 4)).astype(np.float32)
    kernel = rng.normal(size=(N_IN, N)).astype(np.float32)
    before = rng.integers(0, 12, (B, N_IN)).astype(np.float32)
    counts = rng.integers(0, 5, (B, N)).astype(np.float32)
    found = EffectTable(coefficients).summed(kernel, before, counts).numpy()
    for b, i in np.ndindex(B, N):
        rows = coefficients[np.minimum(before[b], 7).astype(int)]
        each_slope = (rows * counts[b, i] ** np.arange(4)).sum(1)
        assert found[b, i] == pytest.approx((kernel[:, i] * each_slope).sum(), rel=1e-4)


def counts_of_the_model(case, b, kernel, between, before):
    """Solve θ o = a(o), with e as it is, ρ and the table's slopes around it."""
    activity, theta = case.activity, case.layer.neuron.threshold
    o, o_in = activity.counts.numpy()[b], activity.before.numpy()[b]
    e = case.e[b] * NEURON[2]
    r = each(case.k[1:], activity.own[:-1]).numpy()[b]

    def slopes(pre, post):
        most = case.table.most
        rows = case.table.coefficients[np.minimum(pre, most).astype(int)]
        post = np.clip(post, 1, most)[:, None, None]
        return (rows[None] * post ** np.arange(4)).sum(-1)

    def ratio(effects, pre):
        silent = (o[:, None] == 0) | (pre[None] == 0)
        return np.where(silent, 0.5, effects / np.maximum(pre, 1)[None])

    rho, rho_own = ratio(e, o_in), ratio(r, o)
    np.fill_diagonal(rho_own, 0.0)
    d = slopes(o_in, o), slopes(np.maximum(o, 1), o)
    # a is linear in the changes of counts: one linear system.
    w, u = kernel.T, between.T
    base = ((w - case.layer.kernel.numpy().T) * e).sum(1)
    base += ((u - case.layer.recurrent_kernel.numpy().T) * r).sum(1)
    base += (w * rho) @ (before - o_in)
    system = np.diag(theta - (w * d[0]).sum(1) - (u * d[1]).sum(1)) - u * rho_own
    return o + np.linalg.solve(system, base)


def test_the_adjoint_is_the_derivative_of_the_model_of_counts(recurrent):
    found = recurrent.gradients(adjoint=True)
    kernel, between = (w.numpy().astype(float) for w in recurrent.layer.weights)
    before = recurrent.activity.before.numpy().astype(float)

    def loss(kernel=kernel, between=between, before=before):
        counts = [
            counts_of_the_model(recurrent, b, kernel, between, before[b])
            for b in range(B)
        ]
        return (recurrent.error * np.array(counts)).sum()

    for name, value, gradient in (
        ("kernel", kernel, found.kernel.numpy()),
        ("between", between, found.recurrent.numpy()),
        ("before", before, found.before.numpy()),
    ):
        for place in [(0, 0), (1, 3), (2, 4), (2, 1)]:
            change = np.zeros_like(value)
            change[place] = 1e-5
            up, down = (loss(**{name: value + c}) for c in (change, -change))
            slope = (up - down) / 2e-5
            assert gradient[place] == pytest.approx(slope, rel=1e-3, abs=1e-4), name


def test_the_diagonal_takes_the_diagonal_alone(dense, recurrent):
    """Without connections in the layer, both variants are the same."""
    one, other = dense.gradients(), dense.gradients(adjoint=True)
    np.testing.assert_array_equal(one.kernel, other.kernel)
    assert one.recurrent is None
    pair = recurrent.gradients().kernel, recurrent.gradients(adjoint=True).kernel
    assert np.abs(pair[0] - pair[1]).max() > 1e-3


def test_a_recurrent_layer_of_weights_0_is_a_dense_one(dense):
    case = Case(SpikingRecurrent(N, leaky_neuron(*NEURON)))
    case.layer.recurrent_kernel.assign(np.zeros((N, N)))
    case.spikes = fire(case.layer.neuron, case.layer.currents(case.trains), None)
    np.testing.assert_array_equal(case.spikes, dense.spikes)
    assert (dense.activity.counts.numpy() > 0).all()
    case.activity = case.activity._replace(
        spikes=case.spikes, own=traces(case.spikes, case.layer.neuron.synapse)
    )
    for adjoint in (False, True):
        found, same = case.gradients(adjoint=adjoint), dense.gradients(adjoint=adjoint)
        np.testing.assert_allclose(found.kernel, same.kernel, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.before, same.before, rtol=1e-4, atol=1e-6)


def test_the_error_sent_back_is_that_of_the_ratios(dense):
    found = dense.gradients()
    kernel, before = dense.layer.kernel.numpy(), dense.activity.before.numpy()
    counts, theta = dense.activity.counts.numpy(), dense.layer.neuron.threshold
    slopes = dense.table.summed(kernel, before, counts).numpy()
    x = dense.error / (theta - slopes)
    rho = dense.e * NEURON[2] / before[:, None, :]
    np.testing.assert_allclose(
        found.before, np.einsum("bi,ji,bij->bj", x, kernel, rho), rtol=1e-3, atol=1e-5
    )


def test_a_batch_is_the_sum_of_its_samples(recurrent):
    whole = recurrent.gradients()
    total = 0.0
    for b in range(B):
        one = slice(b, b + 1)
        activity = Activity(
            recurrent.activity.traces[:, one],
            recurrent.activity.before[one],
            recurrent.spikes[:, one],
            recurrent.activity.own[:, one],
        )
        total += layer_gradients(
            recurrent.layer, activity, recurrent.error[one], recurrent.table
        ).kernel.numpy()
    np.testing.assert_allclose(whole.kernel, total, rtol=1e-4, atol=1e-5)
