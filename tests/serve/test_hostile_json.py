"""JSON that is wrong in any way is answered 4xx, at once, by one line of JSON."""

import json
import random
import time

import numpy as np
import pytest
from asking import PREDICT, ZEROS, ask, good, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CLASSIFY = "/v1/models/digits:classify"
PIXELS, IMAGES = "/v1/models/pixels:predict", "/v1/models/images:predict"
FEATURE = {"inputs": np.zeros(72).tolist()}


@pytest.fixture(scope="module")
def server(exported_models):
    with serving(exported_models[0]) as server:
        yield server


def answered(server, path, body):
    """Ask, check that the answer is one of HTTP and JSON, and return it."""
    start = time.monotonic()
    status, _, found = ask(server, path, body)
    assert time.monotonic() - start < 1
    assert status == 200 or 400 <= status < 500, found
    if status != 200:
        assert {*found} == {"error"} and found["error"]
        assert found["error"].isprintable() and "Traceback" not in found["error"]
    return status, found


def inputs(text):
    """A body with this JSON as the first number of its input."""
    whole = json.dumps({"instances": ZEROS})
    return whole.replace("0.0", text, 1).encode()


def classify(**features):
    return {"signature_name": "classify", "examples": [features]}


def nested(kind, depth):
    left, right = kind
    return (left * depth + "1" + right * depth).encode()


BODIES = {
    "deep lists": (PREDICT, nested(("[", "]"), 10**6), "nested too deeply"),
    "deep objects": (PREDICT, nested(('{"a":', "}"), 10**6), "nested too deeply"),
    "deep instances": (
        PREDICT,
        b'{"instances": ' + nested(("[", "]"), 900) + b"}",
        "ragged",
    ),
    "40 axes": (
        PREDICT,
        b'{"instances": ' + nested(("[", "]"), 40) + b"}",
        "",
    ),
    "a long integer": (PREDICT, inputs("9" * 5000), "JSON Parse error"),
    "400 digits": (PREDICT, inputs("9" * 400), "must be finite"),
    "a vast exponent": (PREDICT, inputs("1e999999999"), "must be finite"),
    "a million digits": (PREDICT, inputs("0." + "7" * 10**6 + "e400"), "finite"),
    "NaN": (PREDICT, inputs("NaN"), "must be finite"),
    "Infinity": (PREDICT, inputs("-Infinity"), "must be finite"),
    "NaN pixels": (PIXELS, {"instances": [[[[float("nan")] * 2] * 6] * 6]}, "uint8"),
    "vast pixels": (PIXELS, {"instances": [[[[10**400] * 2] * 6] * 6]}, "0 to 255"),
    "latin-1": (PREDICT, b'{"instances": "\xe4"}', "JSON Parse error"),
    "cut UTF-8": (PREDICT, b'{"instances": "\xe2\x82', "JSON Parse error"),
    "NUL": (PREDICT, b'{"instances"\0: [1]}', "JSON Parse error"),
    "nothing": (PREDICT, b"", "JSON Parse error"),
    "two documents": (PREDICT, b"{} {}", "JSON Parse error"),
    "half a name": (PREDICT, rb'{"inputs": [[1]], "signature_name": "\ud800"}', "not"),
    "half a key": (PREDICT, rb'{"inputs": {"\ud800": 1}}', "Missing named input"),
    "half a character": (IMAGES, rb'{"instances": ["\ud800"]}', "half a character"),
    "no base64": (IMAGES, {"instances": [{"b64": "ä"}]}, "base64"),
    "number in base64": (IMAGES, {"instances": [{"b64": 1}]}, ""),
    "no image": (IMAGES, {"instances": [{"b64": "AAAA"}]}, ""),
    "no example": (CLASSIFY, {"signature_name": "classify", "examples": []}, "empty"),
    "text example": (CLASSIFY, {"signature_name": "classify", "examples": ["a"]}, ""),
    "missing feature": (CLASSIFY, classify(), ""),
    "other feature": (CLASSIFY, classify(inputs="text"), ""),
    "mixed feature": (CLASSIFY, classify(inputs=[1, 0.5]), "all of one kind"),
    "long feature": (CLASSIFY, classify(inputs=[2**64]), ""),
    "NaN feature": (CLASSIFY, classify(inputs=[float("nan")] * 72), "finite"),
    "vast feature": (CLASSIFY, classify(inputs=[1e39] * 72), "finite"),
    "half a feature": (CLASSIFY, classify(**FEATURE, a="\ud800"), "half a character"),
    "half its name": (CLASSIFY, classify(**FEATURE, **{"\udc00": 1}), "half a char"),
    "text context": (CLASSIFY, {**classify(), "context": "a"}, "context"),
}


@pytest.mark.parametrize("path, body, says", BODIES.values(), ids=BODIES)
def test_what_is_refused(server, path, body, says, caplog):
    status, found = answered(server, path, body)
    assert 400 <= status < 500 and says in found["error"]
    assert not caplog.records


@pytest.mark.slow
@pytest.mark.parametrize("path", [PREDICT, PIXELS, IMAGES, CLASSIFY])
def test_200_mutants_of_json(server, path, caplog):
    """Tokens replaced, lost and doubled: each a wrong type or place somewhere."""
    rng = random.Random(path)
    body = {"instances": [[[[1, 0.5], [0, 1]]], {"b64": "AAAA"}], "signature_name": "x"}
    if path == CLASSIFY:
        body = {**classify(inputs=[0.5, 1.0], a="b"), "context": {"c": [1]}}
    tokens = [c for c in json.dumps(body)]
    others = ["[", "]", "{", "}", ",", ":", '"', "null", "true", "-", "1e9", "\\u0000"]
    for _ in range(200):
        mutant = list(tokens)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(mutant))
            mutant[at : at + rng.randint(0, 2)] = rng.choice([[], [rng.choice(others)]])
        answered(server, path, "".join(mutant).encode())
    assert not caplog.records


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["inputs", "b64", "a"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=VALUES, key=st.sampled_from(["instances", "inputs", "examples"]))
def test_any_json_for_the_inputs(server, caplog, value, key):
    """Of any type, at any depth."""
    for path in (PREDICT, PIXELS, IMAGES, CLASSIFY):
        body = {key: value}
        if path == CLASSIFY:
            body["signature_name"] = "classify"
        answered(server, path, body)
    assert not caplog.records


def test_it_answers_afterwards(server):
    assert good(server, PREDICT, {"instances": ZEROS})
    assert good(server, CLASSIFY, classify(**FEATURE))
