"""An exported network with a rule: each sample takes its own steps on the server."""

import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.export.saved_model.writing import export_saved_model
from tfsnn.simulation.exit_rule import ExitRule


@pytest.mark.slow
def test_a_served_sample_leaves_as_it_does_in_predict(trained, tmp_path):
    model, x = trained
    snn = tfsnn.convert(model, x[:100], "termapping", timesteps=12, correct="none")
    snn.early_exit = ExitRule("evidence", 4.0)
    folder = export_saved_model(snn, tmp_path / "model").path
    loaded = tf.saved_model.load(str(folder))
    served = loaded.signatures["serving_default"](inputs=tf.constant(x))
    only = loaded.signatures["outputs_only"](inputs=tf.constant(x))
    assert {*only} == {*served} - {"spikes"}
    for name, values in only.items():
        assert (values.numpy() == served[name].numpy()).all()
    expected = snn.predict_early(x, batch_size=len(x), verbose=0)
    assert (served["steps"].numpy() == expected.steps).all()
    assert len(np.unique(expected.steps)) > 2
    np.testing.assert_allclose(served["outputs"], expected.outputs, 1e-5, 1e-6)
    events = snn.run(x, observe=("spikes",)).observed
    reached = [
        np.cumsum((v.numpy() != 0).reshape(12, len(x), -1).sum(-1), 0)
        for v in events.values()
    ]
    spikes = sum(reached)[expected.steps - 1, np.arange(len(x))]
    assert (served["spikes"].numpy() == spikes).all()


@pytest.mark.slow
def test_it_can_be_left_out_and_has_to_be_there_when_asked_for(trained, tmp_path):
    model, x = trained
    snn = tfsnn.convert(model, x[:100], "termapping", timesteps=3, correct="none")
    with pytest.raises(tfsnn.OptionError, match="has no early exit"):
        export_saved_model(snn, tmp_path / "model", early_exit=True)
    assert not (tmp_path / "model").exists()

    snn.early_exit = ExitRule("evidence", 0.0)  # all leave after a step
    for wanted, steps in ((True, 1), (False, 3)):
        folder = export_saved_model(snn, tmp_path / "model", early_exit=wanted).path
        serving = tf.saved_model.load(str(folder)).signatures["serving_default"]
        assert (serving(inputs=tf.constant(x[:5]))["steps"].numpy() == steps).all()
