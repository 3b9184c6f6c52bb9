"""Networks of every task, trained on real images: converted and judged."""

import functools

import keras
import numpy as np
import pytest
import task_scores as by_definition
from learnt_networks import PROBLEMS, learnt

import tfsnn

pytestmark = pytest.mark.slow

STEPS = (1, 2, 4, 8)
# The least that a network has to have learnt: what chance, or no network, gives less.
LEAST = {
    "regression": 0.5,  # R²
    "binary": 0.75,  # 0.6 are animals
    "logit": 0.75,
    "multilabel": 0.4,  # F1
    "places": 0.92,  # 0.9 are background
    "mask": 0.92,
    "image": 23,  # dB; 20 of the noisy input
    "embedding": 0.65,
    "angle": 0.5,
    "digit": 0.7,
}
# Areas are summed in bins; the ranks of equal cosines are a matter of rounding.
LOOSE = {"auc": 1e-3, "rank_correlation": 1e-4}


def by_output(name, values):
    """Of each output by name: labels, or what a network gives."""
    return values if isinstance(values, dict) else {name: values}


def tasks(name):
    return by_output(name, PROBLEMS[name].task)


OUTPUTS = [(name, output) for name in PROBLEMS for output in tasks(name)]
# All tests of a network one behind the other, so that one worker trains it.
EACH_NETWORK = pytest.mark.parametrize("name", PROBLEMS, scope="module")
EACH_OUTPUT = pytest.mark.parametrize(("name", "output"), OUTPUTS, scope="module")


@functools.cache
def converted(name):
    """The network with coarse spikes, as it comes from thresholds alone."""
    network, options = learnt(name), {"correct": "none", "timesteps": STEPS[-1]}
    return tfsnn.convert(network.model, network.calibration, "termapping", **options)


@functools.cache
def evaluated(name):
    """The coarse network after each number of steps, by output."""
    model, _, x, y = learnt(name)
    found = tfsnn.evaluate(converted(name), (x, y), ann=model, timesteps=STEPS)
    return dict(zip(tasks(name), found.outputs, strict=True))


@functools.cache
def outputs(name):
    """By output: what the network gives after each step, and the ANN at the end."""
    model, _, x, _ = learnt(name)
    trace = converted(name).simulate(x, STEPS[-1]).outputs
    ann = by_output(name, model.predict(x, verbose=0))
    return {
        output: [*(steps[t - 1] for t in STEPS), ann[output]]
        for output, steps in zip(ann, trace, strict=True)
    }


def threshold(name):
    """The value from which on a unit alone says yes."""
    return 0.0 if name == "logit" else 0.5


@EACH_OUTPUT
def test_each_network_has_learnt_and_is_judged_by_its_task(name, output):
    judged = evaluated(name)[output]
    assert judged.task == tasks(name)[output]
    assert judged.ann_score > LEAST.get(output, LEAST.get(name))


@EACH_NETWORK
def test_fine_spikes_are_the_network(name):
    model, _, x, y = learnt(name)
    options = {"levels": 2**16, "scale": "max", "correct": "none", "timesteps": 2}
    fine = tfsnn.convert(model, x, **options)  # nothing of these samples is cut off
    found = tfsnn.evaluate(fine, (x, y), ann=model, timesteps=[2])
    for judged in found.outputs:
        (figures,) = judged.figures
        assert figures.output_error < 1e-3
        assert figures.score == pytest.approx(judged.ann_score, abs=0.01)
        assert (figures.agreement is not None) == judged.kind.decides
        assert figures.agreement is None or figures.agreement > 0.98


@EACH_OUTPUT
def test_scores_are_those_of_the_definitions(name, output):
    *ours, ann = outputs(name)[output]
    y = by_output(name, learnt(name).y)[output]
    judged = evaluated(name)[output]
    for z, figures in zip([*ours, ann], [*judged.figures, judged.ann], strict=True):
        wanted = by_definition.scores(judged.task, z, y, ann, threshold(name))
        if figures is judged.ann:  # has no figures against itself
            wanted.pop("rank_correlation", None), wanted.pop("cosine", None)
        assert figures.score == figures.scores[judged.metric]
        if judged.task == "embedding":  # of equally near ones rounding decides
            like = [
                [y[j] == y[i] for j in js]
                for i, js in enumerate(by_definition.nearest(z))
            ]
            lowest, highest = (
                np.mean([each(some) for some in like]) for each in (all, any)
            )
            assert lowest - 1e-9 <= wanted.pop("neighbour_accuracy") <= highest + 1e-9
            assert lowest - 1e-9 <= figures.score <= highest + 1e-9 <= lowest + 0.1
        for figure, value in wanted.items():
            near = pytest.approx(value, rel=LOOSE.get(figure, 1e-5))
            assert figures.scores[figure] == near, figure


@EACH_OUTPUT
def test_nearness_is_that_of_the_definitions(name, output):
    *ours, ann = outputs(name)[output]
    judged = evaluated(name)[output]
    alone = judged.task == "regression"
    for z, figures in zip(ours, judged.figures, strict=True):
        error = by_definition.output_error(z, ann, by_unit=alone)
        assert figures.output_error == pytest.approx(error, rel=1e-4)
        if not judged.kind.decides:
            assert figures.agreement is None
            continue
        if (
            judged.task == "embedding"
        ):  # coarse spikes leave ties, which rounding breaks
            ours_near, anns_near = map(by_definition.nearest, (z, ann))
            pairs = list(zip(ours_near, anns_near, strict=True))
            surely = np.mean([a == b and len(a) == 1 for a, b in pairs])
            perhaps = np.mean([bool(a & b) for a, b in pairs])
            assert surely - 1e-9 <= figures.agreement <= perhaps + 1e-9
            assert perhaps - surely <= 0.1
            continue
        said, meant = (
            by_definition.decisions(judged.task, each, threshold(name))
            for each in (z, ann)
        )
        same = said == meant
        assert figures.agreement == pytest.approx(same.mean(), abs=1e-9)


@EACH_OUTPUT
def test_few_steps_are_worse_than_many(name, output):
    judged = evaluated(name)[output]
    errors = [figures.output_error for figures in judged.figures]
    assert errors[0] > 1.5 * errors[-1] > 0
    away = [abs(figures.score - judged.ann_score) for figures in judged.figures]
    assert away[0] > away[-1]


def test_similarity_of_pictures_is_that_of_the_definition():
    model, _, x, y = learnt("image")
    found = tfsnn.evaluate(converted("image"), (x[:2], y[:2]), ann=model)
    ann = model.predict(x[:2], verbose=0)
    wanted = [by_definition.ssim(a, b) for a, b in zip(ann, y[:2], strict=True)]
    assert found.outputs[0].ann.scores["ssim"] == pytest.approx(np.mean(wanted))


YES_OR_NO = [
    lambda y: y.astype(bool),
    lambda y: y.astype(np.float32)[:, None],
    lambda y: y.astype(np.uint8),
]
# Other forms in which the labels of a problem may be stored.
FORMS = {
    "regression": [lambda y: y[:, 0], lambda y: y.astype(np.float64)],
    "binary": YES_OR_NO,
    "logit": YES_OR_NO,
    "multilabel": [lambda y: y.astype(bool), lambda y: y.astype(np.float32)],
    "places": [
        lambda y: y[..., None].astype(np.uint8),
        lambda y: np.eye(11, dtype=np.float32)[y],
        lambda y: y.astype(np.float64),
    ],
    "mask": [
        lambda y: y[..., 0].astype(bool),
        lambda y: (255 * y).astype(np.uint8),
        lambda y: y.astype(np.float32),
    ],
    "image": [lambda y: y.astype(np.float64)],
    "embedding": [lambda y: y[:, None].astype(np.uint8), lambda y: y.astype(float)],
    "two_outputs": [
        lambda y: [y["angle"], y["digit"]],
        lambda y: {"angle": y["angle"][:, 0], "digit": np.eye(10)[y["digit"]]},
    ],
}


@EACH_NETWORK
def test_labels_in_every_stored_form_give_the_same_figures(name):
    _, _, x, y = learnt(name)
    x, y = x[:30], keras.tree.map_structure(lambda a: a[:30], y)
    (first, *others) = [
        tfsnn.evaluate(converted(name), (x, labels), timesteps=[1, 8])
        for labels in (y, *(form(y) for form in FORMS[name]))
    ]
    assert all(judged.figures[0].score is not None for judged in first.outputs)
    for found in others:
        for one, same in zip(first.outputs, found.outputs, strict=True):
            assert one.task == same.task
            for a, b in zip(one.figures, same.figures, strict=True):
                assert b.scores == pytest.approx(a.scores, rel=1e-6)


def test_labels_of_a_file_are_those_of_memory(tmp_path):
    _, _, x, y = learnt("two_outputs")
    path = tmp_path / "data.npz"
    np.savez(path, x=x, y_angle=y["angle"], y_digit=y["digit"])
    found = tfsnn.evaluate(converted("two_outputs"), str(path), timesteps=[8])
    expected = evaluated("two_outputs")
    for judged in found.outputs:
        score = expected[judged.output].figures[-1].score
        assert judged.figures[0].score == pytest.approx(score)


def test_the_cheapest_setting_within_the_limits_of_all_outputs_is_chosen():
    """Not the cheaper one that keeps the digit alone."""
    model, _, x, y = learnt("two_outputs")
    limits = {"drop": 10, "error": 18}
    found = tfsnn.choose(
        model,
        (x, y),
        methods=["augmapping"],
        timesteps=[1, 2],
        precision="float32",
        max_drop=limits["drop"],
        max_error=limits["error"],
    )
    assert {loss.output for loss in found.best.losses} == {"angle", "digit"}
    cheaper = [r for r in found.tried if r.energy_ratio < found.best.energy_ratio]
    assert cheaper and found.best.timesteps == 2
    for row in [*cheaper, found.best]:
        fits = {
            output: all(
                loss.value <= limits[loss.kind]
                for loss in row.losses
                if loss.output == output
            )
            for output in ("angle", "digit")
        }
        assert fits == {"angle": row is found.best, "digit": True}
