"""The fit curve against NumPy, and its bound for constant currents."""

import keras
import numpy as np
import pytest
from keras import layers
from known_errors import rates, spiking, stack

import tfsnn
from tfsnn.analysis.diagnose.fit import FitSums
from tfsnn.conversion.methods import NeuronPlan
from tfsnn.layers import RateNorm
from tfsnn.network.clock import Clock


def floors(a, start, timesteps, scale):
    """The coefficients of neurons that are given a in every step, ``(T, ...)``."""
    t = np.arange(timesteps + 1.0).reshape(-1, *[1] * a.ndim)
    return np.diff(np.floor(t * a / scale + start), axis=0)


@pytest.mark.parametrize("start", [0.0, 0.25, 0.5])
def test_constant_currents_keep_the_bound_at_all_steps(start):
    scale = np.array([1.0, 0.5, 2.0, 1.5])
    a = rates(200) * scale
    for timesteps in range(1, 33):
        sums = FitSums(Clock(), scale, np.float64(start), timesteps)
        sums.add(floors(a, start, timesteps, scale), a)
        fit = sums.fit()
        omega = (scale * a).sum() / (a**2).sum()
        assert fit.bound == pytest.approx((1 - start) * omega)
        assert all(k <= b for k, b in zip(fit.errors, fit.most(), strict=True))
    assert fit.errors[0] > fit.bound / 10 and fit.errors[-1] < fit.bound / 32


def test_the_bound_is_that_of_omega_alone():
    """Activations just below one and two spikes come near to it."""
    a = np.full((1, 1), 1 - 1 / 1024)
    sums = FitSums(Clock(), np.ones(1), np.float64(0), 1)
    sums.add(floors(a, 0.0, 1, 1.0), a)
    assert sums.fit().errors[0] == 1 > 0.99 * sums.fit().bound


def test_starts_and_clocks_without_a_bound_have_none():
    for clock, start in [
        (Clock(), np.array([0.25, 0.75])),
        (Clock(), np.float64(-0.5)),
        (Clock(base=2), np.float64(0)),
        (Clock(delay=1), np.float64(0)),
        (Clock(), None),
    ]:
        sums = FitSums(clock, 1.0, start, 2)
        sums.add(np.ones((2, 1, 2)), np.ones((1, 2)))
        assert sums.fit().bound is sums.fit().most() is None
    silent = FitSums(Clock(), 1.0, None, 2)
    silent.add(np.ones((2, 1, 2)), np.zeros((1, 2)))
    assert silent.fit() is None


@pytest.mark.parametrize(("start", "part"), [(0.0, 1.0), (0.5, 0.5)])
def test_the_first_layer_of_a_network_keeps_the_bound(start, part):
    model = stack(np.eye(4), np.full((4, 3), 0.25))
    plans = {
        name: NeuronPlan(np.ones(units), start)
        for name, units in (("layer1_relu", 4), ("layer2_relu", 3))
    }
    snn = spiking(model, 32, plans=plans)
    x = rates()
    first, second = tfsnn.diagnose(model, snn, x, timesteps=32).layers
    assert first.fit.steps == second.fit.steps == (1, 2, 4, 8, 16, 32)
    omega = x.sum() / (x.astype(np.float64) ** 2).sum()
    assert first.fit.bound == pytest.approx(part * omega)
    for t, error, most in zip(
        first.fit.steps, first.fit.errors, first.fit.most(), strict=True
    ):
        r = np.floor(t * x.astype(np.float64) + start) / t
        assert error == pytest.approx(((r - x) ** 2).sum() / (x**2).sum(), abs=1e-9)
        assert error <= most
    shown = str(tfsnn.diagnose(model, snn, x, timesteps=2))
    assert "K(1)" in shown and f"({part * omega / 2:.4f})" in shown
    assert "The larger omega, the more steps a layer needs: layer" in shown


def test_a_rate_norm_layer_is_diagnosed_in_its_own_rates():
    model = keras.Sequential(
        [keras.Input((4,)), RateNorm(initial=30.0, name="norm"), layers.Dense(2)]
    )
    model.layers[0].maximum.assign(2.0 - 1e-6)
    x = 2 * rates()
    snn = tfsnn.convert(model, x, "qcfs", initial_potential=0.0, timesteps=8)
    (layer,) = tfsnn.diagnose(model, snn, x).layers
    a = np.asarray(model.layers[0](x), np.float64)
    assert layer.fit.bound == pytest.approx(a.sum() / (a**2).sum(), rel=1e-5)
    shares = a.sum(1) / ((a**2).sum(1) + 1e-5)
    assert layer.omega == pytest.approx(shares.mean(), rel=1e-5)
    assert all(k <= b for k, b in zip(layer.fit.errors, layer.fit.most(), strict=True))
