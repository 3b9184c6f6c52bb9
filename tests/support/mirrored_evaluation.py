"""Evaluations on three virtual devices, and on one; a process of its own.

Prints JSON: pairs of results, with the strategy and without it; and the device that
computed each of some batches.
"""

import json
import sys

import keras
import models
import numpy as np
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.simulation.devices.strategy import on_devices, opened_strategy

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 3
)
folder = sys.argv[1]
model = tfsnn.load_model(f"{folder}/model.keras")
snn = tfsnn.load_model(f"{folder}/snn.keras")
with np.load(f"{folder}/data.npz") as stored:
    x, y = stored["x"], stored["y"]
with opened_strategy("mirrored") as strategy:
    ann_on_each = tfsnn.load_model(f"{folder}/model.keras")
    snn_on_each = tfsnn.load_model(f"{folder}/snn.keras")
values = [len(w.value.values) for w in (snn_on_each.weights[0], ann_on_each.weights[0])]

pairs = []
# 4: a group of three batches, and a batch of one sample.
for size, networks in ((4, (snn_on_each, ann_on_each)), (13, (snn, model))):
    alone = tfsnn.evaluate(snn, (x, y), ann=model, batch_size=size)
    shared = tfsnn.evaluate(
        networks[0], (x, y), ann=networks[1], batch_size=size, strategy=strategy
    )
    pairs.append([shared.to_dict(), alone.to_dict()])

a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
both = layers.Dense(4, activation="relu")(layers.Concatenate()([a, b]))
two = models.randomise(keras.Model([a, b], layers.Dense(3)(both)))
data = {"a": x.reshape(13, -1)[:, :3], "b": x.reshape(13, -1)[:, 3:5]}
network = tfsnn.convert(two, data, timesteps=4)
alone = tfsnn.evaluate(network, data, batch_size=3)
shared = tfsnn.evaluate(network, data, batch_size=3, strategy=strategy)
pairs.append([shared.to_dict(), alone.to_dict()])


def device(x):
    context = tf.distribute.get_replica_context()
    return {"of": context.replica_id_in_sync_group, "sum": tf.reduce_sum(x)}


batches = [(np.full(2, i, np.float32), None) for i in range(5)]
found = list(on_devices(strategy, device, batches, 2))
of = [[int(r["of"]), float(r["sum"]), float(x[0])] for (x, _), r in found]
print(json.dumps({"pairs": pairs, "values": values, "devices": of}))
