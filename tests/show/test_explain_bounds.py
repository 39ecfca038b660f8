"""How large pages may become, and what is said when something is left out."""

import time
from pathlib import Path

import numpy as np
import pytest

from dualtape.show.segments import MOST
from dualtape.show.shrink import MOST as CHARACTERS
from dualtape.show.shrink import dumped
from dualtape.show.webpage import page_of

SEEDS = Path(__file__).parents[3] / "shared" / "seeds" / "programs"

CHAIN = """
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x
for i in range({n}):
    y = torch.sin(y) + x
y.sum().backward()
"""


def test_ten_thousand_nodes(explain):
    start = time.process_time()
    e = explain(CHAIN.format(n=5000))
    spent = time.process_time() - start
    (graph,) = e.model["graphs"]
    assert len(graph["nodes"]) == 10_002
    assert len(graph["passes"][0]["steps"]) == 10_001
    assert len(page_of([e.model]).encode()) < 5_000_000
    assert [b["kind"] for b in graph["blocks"][:2]] == ["loop", "iteration"]
    assert spent < 10, (
        spent
    )  # run, recorded, drawn and written twice; 3 s on a machine with nothing else to do


def test_operations_without_end_are_cut_off(explain, monkeypatch):
    assert MOST == 20_000  # as the pages of the documentation say; fewer are drawn as well
    monkeypatch.setattr("dualtape.show.segments.MOST", 1000)
    e = explain("import torch\nx = torch.ones(1)\nfor i in range(1500):\n    y = x * 2\n")
    (graph,) = e.model["graphs"]
    assert sum(n["kind"] == "op" for n in graph["nodes"]) == 1000
    (note,) = e.model["notes"]
    assert (note["code"], note["numbers"]) == ("operations_left_out", [500])


def test_long_loops_keep_some_of_their_runs(explain, monkeypatch):
    monkeypatch.setattr("dualtape.show.graphs.KEPT", 6000)
    monkeypatch.setattr("dualtape.show.graphs.POINTS", 50)
    e = explain("""
import torch
w = torch.tensor(1.0, requires_grad=True)
for i in range(200):
    loss = (w - 3) ** 2
    loss.backward()
    w.data -= 0.01 * w.grad
    w.grad = None
""")
    (graph,) = e.model["graphs"]
    numbers = [r["number"] for r in graph["runs"]]
    assert graph["total"] == 200
    assert numbers[0] == 0
    assert numbers[-1] == 199
    assert 4 < len(numbers) < 60
    assert len(graph["curves"][0]["x"]) <= 51
    assert e.model["notes"][0]["code"] == "runs_left_out"
    assert e.model["notes"][0]["numbers"] == [len(numbers), 200, 0]


def test_a_page_that_is_too_large_loses_numbers_and_says_so(explain, monkeypatch):
    monkeypatch.setattr("dualtape.show.session.shrunk.__defaults__", (65_000,))
    e = explain(CHAIN.format(n=60))
    codes = {n["code"]: n for n in e.model["notes"]}
    assert codes["values_left_out"]["numbers"][0] > 0
    assert len(dumped(e.model)) < 67_000


def test_a_page_of_digits_that_hardly_compress_is_small_enough():
    digits = np.random.default_rng(0).integers(0, 10**9, CHARACTERS // 10)
    model = {"digits": digits.tolist()}
    assert 0.9 * CHARACTERS < len(dumped(model)) < 1.1 * CHARACTERS
    assert len(page_of([model]).encode()) < 5_000_000


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seeds' programs are not here")
@pytest.mark.parametrize("program", sorted(SEEDS.glob("*.py")), ids=lambda p: p.stem)
def test_the_programs_of_the_seeds(explain, program):
    text = program.read_text(encoding="utf-8")
    if "tqdm" in text:
        pytest.importorskip("tqdm")
    # The same loops, shorter; what is checked does not depend on their length.
    for long in ("epochs = 1000", "range(1000)", "range(500)"):
        text = text.replace(long, long.replace("1000", "20").replace("500", "20"))
    e = explain(text, program.name)
    assert e.error is None
    graphs = e.model["graphs"]
    if "torch.__version__" in text and "backward" not in text:
        assert graphs == []
        return
    passes = [p for g in graphs for p in g["passes"]]
    assert passes
    assert all(p["results"] for p in passes)
    loops = [g["total"] for g in graphs if g["passes"] and g["total"] > 1]
    assert loops == (
        [100] if "range(100)" in text else [20] if "20)" in text or "epochs = 20" in text else []
    )
    named = {n["name"] for g in graphs for n in g["nodes"] if n["kind"] == "leaf"}
    assert named <= {"x", "w", "b", "x1", "x2", "model.weight", "model.bias"}
    assert not [w for w in e.model["why"] if w["kind"] == "nan"]
