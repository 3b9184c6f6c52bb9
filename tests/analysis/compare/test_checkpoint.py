"""The file of finished rows: one comparison at a time writes to it."""

import json

import pytest

from tfsnn.analysis.compare.checkpoint import FinishedRow, Rows
from tfsnn.analysis.comparison import ComparedRow
from tfsnn.errors import OutputError


def finished(steps):
    return FinishedRow(ComparedRow("hmt", {}, "binary", steps), 4, ())


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_comparisons_in_one_folder_write_no_row_twice(tmp_path, overwrite):
    first = Rows(tmp_path, {"seed": 1})
    first.add(finished(1))
    before = (tmp_path / "rows.jsonl").read_bytes()
    with pytest.raises(OutputError) as caught:
        Rows(tmp_path, {"seed": 1}, overwrite=overwrite)
    assert str(caught.value) == (
        f"another comparison is writing to {tmp_path}: wait until it has ended, or "
        "give another folder"
    )
    assert (tmp_path / "rows.jsonl").read_bytes() == before
    first.close()
    second = Rows(tmp_path, {"seed": 1}, overwrite=overwrite)
    assert len(second) == (not overwrite)
    second.add(finished(2))
    second.close()
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    steps = [json.loads(line)["row"]["timesteps"] for line in lines]
    assert steps == ([2] if overwrite else [1, 2])


def test_a_refused_folder_is_free_again(tmp_path):
    first = Rows(tmp_path, {"seed": 1})
    first.add(finished(1))
    first.close()
    with pytest.raises(OutputError, match=r"differs in seed \(1 there, 2 now\)"):
        Rows(tmp_path, {"seed": 2})
    Rows(tmp_path, {"seed": 1}).close()
