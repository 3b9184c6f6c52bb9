"""Quantised networks: trained at 8, 4 and 2 bits, converted, compared number by number.

    python -m benchmarks.quantised.quantised --mnist FOLDER [--form vars ...]

FOLDER has the four files of MNIST. QKeras and HGQ2 are imported only where their form
is named. Results of the forms that are not run are kept.
"""

import argparse
import gzip
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

import tfsnn
from benchmarks.quantised import packages, plain
from benchmarks.tables import Page, Report

RESULTS = Path(__file__).parents[1] / "results"
BITS = (8, 4, 2)
NAMES = {
    "vars": "SavedModel, FakeQuantWithMinMaxVars",
    "per_channel": "SavedModel, ...VarsPerChannel",
    "args": "SavedModel, ...Args",
    "qdq": "SavedModel, QuantizeAndDequantizeV4",
    "keras": "Keras, tfsnn.layers.FakeQuant",
    "qkeras": "QKeras (qkeras-v3 1.2.1)",
    "hgq": "HGQ2 0.2.0",
}
TRAINING, TEST, STEPS, EPOCHS = 6000, 1000, 360, 4


def images(folder, part, count):
    """MNIST's first images, from 0 to 1, and their labels."""
    files = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    x, y = (gzip.decompress((folder / name).read_bytes()) for name in files)
    pixels = np.frombuffer(x, np.uint8, offset=16).reshape(-1, 28, 28, 1)
    labels = np.frombuffer(y, np.uint8, offset=8)
    return pixels[:count].astype(np.float32) / 255, labels[:count].astype(np.int64)


def networks(form, bits, x, y):
    """The trained network as a function, and the model that tfsnn reads of it."""
    if form in packages.PACKAGES:
        model = packages.trained(bits, form, x, y, EPOCHS)
        return model, model
    net = plain.trained(bits, form, x, y, STEPS)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(net, folder, signatures=net.__call__)
        return net, tfsnn.load_model(folder)


def row(form, bits, training, test):
    """What conversion makes of one network."""
    network, model = networks(form, bits, *training)
    x, y = test
    ann = np.asarray(network(tf.constant(x)))
    found = {"form": form, "name": NAMES[form], "bits": bits}
    found["ann"] = float((ann.argmax(1) == y).mean())
    for name, options in (
        ("radix", {}),
        ("graded", {"method": "augmapping", "timesteps": 1, "levels": 2**10 - 1}),
    ):
        snn = tfsnn.convert(model, training[0][:64], **options)
        assert "without loss" in snn.report.quantized, snn.report
        out = np.concatenate([snn(x[i : i + 250]) for i in range(0, len(x), 250)])
        energy = tfsnn.evaluate(snn, (x[:100], y[:100]), timesteps=[snn.timesteps])
        found[name] = {
            "timesteps": snn.timesteps,
            "accuracy": float((out.argmax(1) == y).mean()),
            "decisions": int((out.argmax(1) != ann.argmax(1)).sum()),
            "outputs": int((np.abs(out - ann) > 1e-5 * np.abs(ann).max()).sum()),
            "bits_equal": bool((out == ann).all()),
            "energy_ratio": energy.rows[-1].energy_ratio,
        }
    return found


HEADER = (
    "trained as | bits | ANN, % | radix, % | graded, T=1, % | decisions that differ "
    "| outputs that differ | energy, radix | energy, graded"
)
LINE = (
    "{name} | {bits} | {ann:.1p} | {radix[accuracy]:.1p} | {graded[accuracy]:.1p} | "
    "{radix[decisions]}, {graded[decisions]} | {radix[outputs]}, {graded[outputs]} | "
    "{radix[energy_ratio]:.2f} | {graded[energy_ratio]:.2f}"
)
PAGE = Page(
    "Quantised networks, converted",
    "Small convolutional networks on MNIST, trained with activations of "
    "some bits, inputs of 8 and weights of as many bits as activations (in SavedModels "
    "4 at least), on 6,000 images, and tried on 1,000 others. By `radix` a "
    "digit is sent for each bit, by graded spikes all at T=1: the default and "
    "`--method augmapping --timesteps 1 -o levels 1023`. Differing are, of 1,000 "
    "decisions and of 10,000 outputs (by more than 1e-5 of the largest), those of "
    "radix and those of graded spikes. Energy is that of the SNN over that of the "
    "float ANN.",
    [(HEADER, LINE)],
)


def main():
    """Run the forms that are named, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", type=Path, required=True)
    parser.add_argument("--form", nargs="*", choices=NAMES, default=list(plain.FORMS))
    parser.add_argument("--bits", nargs="*", type=int, default=BITS)
    chosen = parser.parse_args()
    training = images(chosen.mnist, "train", TRAINING)
    test = images(chosen.mnist, "t10k", TEST)
    output = RESULTS / "quantised"
    report = Report(output, PAGE, keep=True)
    for form in chosen.form:
        for bits in chosen.bits:
            rows = report.document["rows"]
            rows[:] = [r for r in rows if (r["form"], r["bits"]) != (form, bits)]
            report.add(row(form, bits, training, test))
    rows.sort(key=lambda r: (list(NAMES).index(r["form"]), -r["bits"]))
    report.write()


if __name__ == "__main__":
    main()
