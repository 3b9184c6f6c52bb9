"""Exported networks, a server of them, and requests; for the tests of the server."""

import http.client
import json
import threading
from contextlib import contextmanager

import exporting
import keras
import numpy as np
from keras import layers

from tfsnn.export.saved_model.writing import export_saved_model
from tfsnn.serve.server import Server, ServerOptions

PREDICT = "/v1/models/digits:predict"
ZEROS = np.zeros((1, 6, 6, 2)).tolist()


def network(channels, classes, filters=4):
    """Without a softmax: its sums are exact, in batches of any size."""
    inputs = keras.Input((6, 6, channels))
    x = layers.Conv2D(filters, 3, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(x)))


def export(folder):
    """Fill a folder with three models; a spiking network, and samples of it.

    digits has two versions, of which the second has class names; pixels takes 8-bit
    numbers; images takes JPEG.
    """
    snn, x = exporting.converted(lambda: network(2, 3))
    (folder.parent / "names").write_text("cat\ndog\neel\n")
    for names in (None, folder.parent / "names"):
        write(snn, folder / "digits", class_names=names)
    write(snn, folder / "pixels", input_type="uint8", raw=True)
    coloured, _ = exporting.converted(lambda: network(3, 2))
    write(coloured, folder / "images", input_type="jpeg")
    (folder / "not a model").mkdir()
    return snn, x


def write(snn, folder, **options):
    """With few requests to warm up."""
    return export_saved_model(snn, folder, batch_sizes=(1, 2), **options)


@contextmanager
def serving(folder, **options):
    """A server; it looks for new versions when it is told to."""
    options = {"file_system_poll_wait_seconds": 0, **options}
    server = Server(folder, ServerOptions(port=0, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def ask(server, path, body=None, method=None):
    """Status, headers and JSON of the answer."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method or ("GET" if body is None else "POST"), path, raw)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), json.loads(answer.read())
    connection.close()
    return found


def good(server, path, body=None):
    status, headers, found = ask(server, path, body)
    assert status == 200, found
    assert headers["content-type"] == "application/json"
    return found


def states(server, path="digits"):
    """Of the versions of a model, by their numbers, the latest first."""
    found = good(server, f"/v1/models/{path}")["model_version_status"]
    return {version["version"]: version["state"] for version in found}


def column(rows, name):
    return np.float32([row[name] for row in rows])
