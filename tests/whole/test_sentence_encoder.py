"""The example of a sentence encoder: the model, its weights, its conversion."""

import json
import re
import runpy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from repository import ROOT
from scipy.special import erf, softmax

import tfsnn

LENGTH = 8
WORDS = [f"w{i}" for i in range(40)]


@pytest.fixture(scope="module")
def example():
    path = str(ROOT / "examples")
    sys.path.insert(0, path)
    try:
        yield SimpleNamespace(**runpy.run_path(f"{path}/sentence_encoder.py"))
    finally:
        sys.path.remove(path)


@pytest.fixture(scope="module")
def stored(example):
    """Random weights, by their names and in the forms of the file."""
    rng, config = np.random.default_rng(0), example.SMALL
    model = example.build(config, LENGTH)
    found = {}
    for name, variable in example.named_weights(model, config).items():
        shape = variable.shape
        if "dense" in name or "self" in name:  # heads are one axis; (outputs, inputs)
            rows = 32 if name.endswith("output.dense.weight") else 16
            rows = 16 if "attention" in name else rows
            shape = (variable.shape.num_elements(),)
            if name.endswith("weight"):
                shape = (shape[0] // rows, rows)
        value = rng.normal(size=shape) * (0.3 if len(shape) > 1 else 0.1)
        found[name] = np.float32(value + ("Norm.weight" in name))
    return found


@pytest.fixture(scope="module")
def encoder(example, stored):
    model = example.build(example.SMALL, LENGTH)
    example.load_weights(model, example.SMALL, stored)
    return model


def samples(count, seed=1):
    rng = np.random.default_rng(seed)
    mask = (np.arange(LENGTH) < rng.integers(3, LENGTH + 1, (count, 1))).astype("int32")
    return {"tokens": rng.integers(1, 50, mask.shape).astype("int32"), "mask": mask}


def by_hand(w, tokens, mask):
    """The embeddings in NumPy, from the weights as the file has them."""

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def heads(x):
        return x.reshape(len(x), LENGTH, 2, 8).transpose(0, 2, 1, 3)

    x = w["embeddings.word_embeddings.weight"][tokens]
    x = x + w["embeddings.position_embeddings.weight"][:LENGTH]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for i in range(2):
        own = f"encoder.layer.{i}"
        q, k, v = (
            heads(linear(x, f"{own}.attention.self.{part}"))
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(8)
        scores = softmax(np.where(mask[:, None, None], scores, -np.inf), -1)
        y = (scores @ v).transpose(0, 2, 1, 3).reshape(x.shape)
        y = linear(y, f"{own}.attention.output.dense")
        x = norm(x + y, f"{own}.attention.output.LayerNorm")
        y = linear(x, f"{own}.intermediate.dense")
        y = y * (1 + erf(y / np.sqrt(2))) / 2
        x = norm(x + linear(y, f"{own}.output.dense"), f"{own}.output.LayerNorm")
    mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def test_the_encoder_computes_what_its_weights_say(encoder, stored):
    x = samples(20)
    np.testing.assert_allclose(
        encoder.predict(x, verbose=0), by_hand(stored, **x), atol=1e-5
    )


def test_what_is_masked_does_not_count(encoder):
    x = samples(20)
    other = np.where(x["mask"], x["tokens"], 49 - x["tokens"]).astype("int32")
    assert (other != x["tokens"]).any()
    expected = encoder.predict(x, verbose=0)
    found = encoder.predict({**x, "tokens": other}, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.slow
def test_embeddings_come_near(example, encoder):
    x = samples(32, seed=2)
    expected = encoder.predict(x, verbose=0)
    snn = tfsnn.convert(encoder, samples(64), "few_spikes", timesteps=8)
    found = example.agreement(expected, np.asarray(snn.predict(x, verbose=0)))
    assert found["least"] > 0.99


@pytest.mark.slow
def test_the_command_runs_from_files(example, stored, tmp_path):
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    save_file(stored, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(example.SMALL))
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, n)) for n in rng.integers(3, 12, 40)]
    (tmp_path / "lines.txt").write_text("\n".join(lines))

    x = example.tokenized(tmp_path, lines, LENGTH)
    assert x["tokens"].shape == (40, LENGTH) and x["mask"].sum(1).max() == LENGTH
    assert x["tokens"][0, 0] == vocabulary[lines[0].split()[0]]
    given = {
        "--weights": tmp_path,
        "--text": tmp_path / "lines.txt",
        "--length": LENGTH,
    }
    given |= {"--calibration": 20, "--count": 20, "--timesteps": 8}
    given |= {"--timesteps": 8}
    words = [str(word) for pair in given.items() for word in pair]
    done = CliRunner().invoke(example.main, words, catch_exceptions=False)
    found = re.search(r"20 sentences: .* ([\d.]+) \(median\)", done.output)
    assert float(found.group(1)) > 0.99


def test_sentences_are_whole_and_without_markup(example):
    from sentences import sentences

    text = """# A heading that is long enough to be a sentence

The first `line` of a paragraph goes on
in the second line. It has another sentence of seven words.

```python
This = "is code and not a sentence at all."
```

| a | table |
"""
    assert list(sentences(text)) == [
        "The first line of a paragraph goes on in the second line.",
        "It has another sentence of seven words.",
    ]
