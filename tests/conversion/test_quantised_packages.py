"""Networks of QKeras and HGQ2, where these are installed: converted without loss.

They do not fit into one environment, and QKeras needs packages that others cannot have
beside it, so neither is in the extra `test`; ``benchmarks/results/quantised.md`` has
figures of both.
"""

import keras
import pytest
from quantised_networks import differing, pictures

import tfsnn
from benchmarks.quantised import packages
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

# A module of each package that no other package has.
MODULES = {"qkeras": "qkeras.bn_folding_utils", "hgq": "hgq.layers"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "bits"),
    [("qkeras", 8), ("qkeras", 4), ("qkeras", 2), ("hgq", 8), ("hgq", 4)],
)
def test_a_network_of_n_bits_is_converted_without_loss(form, bits, tmp_path):
    pytest.importorskip(MODULES[form])
    model = packages.trained(bits, form, *pictures("test"), 6)
    x, y = pictures("calibration")
    ann = model(x).numpy()
    assert (ann.argmax(1) == y).mean() > 0.25  # it has learnt something
    graph = simplify(import_model(model))
    for options in ({}, {"method": "augmapping", "timesteps": 1, "levels": 1023}):
        snn = tfsnn.convert(model, x[:32], **options)
        assert snn.report.quantized.endswith("converted without loss")
        assert all(wrong == 0 for wrong, _ in differing(snn, graph, x[:64]).values())
    assert (snn(x).numpy() == ann).all()  # T = 1
    model.save(tmp_path / "ann.keras")
    loaded = tfsnn.load_model(tmp_path / "ann.keras")
    assert (keras.ops.convert_to_numpy(loaded(x)) == ann).all()
