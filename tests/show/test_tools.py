"""Graph pictures, the list of what is alive, the profiler and the plots."""

import gc
import io
import itertools
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch
from dualtape.show.layered import crossings, layers_of, place
from dualtape.show.reprs import module_table, tape_table, tensor_html
from dualtape.show.text_table import Table


def net():
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    return model, model(torch.ones(3, 4))


def test_graph_has_the_programs_names_and_edges():
    model, h = net()
    loss = (h**2).mean() + (model[0].weight ** 2).sum()
    g = dt.graph(loss)
    names = {n.title for n in g.nodes if n.kind == "leaf"}
    assert names == {"model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"}
    (end,) = g.outputs
    assert g.nodes[end].title == "loss = Add"
    assert g.nodes[end].shape == ()
    assert all(i < k for k, n in enumerate(g.nodes) for i in n.inputs)
    assert [len(n.inputs) for n in g.nodes if n.operation == "AddmmBackward0"] == [2, 3]
    assert any("test_tools.py" in n.line and "loss = " in n.line for n in g.nodes)


def test_graph_of_a_tape():
    w, X = tf.Variable([[0.5]], name="w"), tf.constant([[1.0], [2.0]])
    with tf.GradientTape():
        y = tf.matmul(X, w)
        assert [n.title for n in dt.graph(y).nodes] == ["w", "y = Mm"]


@pytest.mark.parametrize("form", ["svg", "dot", "mmd"])
def test_graph_is_saved(tmp_path, form):
    w = torch.ones(2, requires_grad=True)
    path = dt.graph((w * w).sum()).save(tmp_path / f"g.{form}")
    text = path.read_text()
    if form == "svg":
        root = ET.fromstring(text)  # well-formed
        texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts == ["w", "float32[2]", "Mul", "float32[2]", "Sum", "float32[]"]
        assert root.get("aria-label") == "Computation graph from w to Sum"
    else:
        assert text.count("-->" if form == "mmd" else "->") == 3


def test_graph_escapes_what_it_shows():
    variables = {"torch": torch}
    exec("w = torch.ones(1, requires_grad=True)\nquiet = [w * (2 if 1 < 3 else 1)]", variables)
    ET.fromstring(dt.graph(variables["quiet"]).svg())


def test_graph_refuses():
    with pytest.raises(TypeError, match="a tensor is wanted, not int"):
        dt.graph(3)
    with pytest.raises(ValueError, match="has no history"):
        dt.graph(torch.ones(2))
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(2001):
        y = y * 1.5
    with pytest.raises(ValueError, match=r"more than 2000 operations.*dt\.explain"):
        dt.graph(y)
    with pytest.raises(ValueError, match=r"cannot write '\.png'"):
        dt.graph(x * x).save("g.png")


def test_show_prints_the_path_without_a_desktop(capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    w = torch.ones(2, requires_grad=True)
    assert dt.show(w * w) is None  # type: ignore[func-returns-value]
    path = capsys.readouterr().out.strip()
    assert path.endswith(".svg")
    assert "<svg" in Path(path).read_text()


def test_layout_keeps_boxes_apart_and_edges_downward():
    rng = np.random.default_rng(0)
    edges = sorted({tuple(sorted(rng.choice(40, 2, replace=False).tolist())) for _ in range(70)})
    sizes = [(float(w), 40.0) for w in rng.integers(60, 160, 40)]
    at = place(sizes, edges)
    for (a, b), route in zip(edges, at.routes, strict=True):
        assert at.y[a] < at.y[b]
        assert route[0][1] == at.y[a] + 20
        assert route[-1][1] == at.y[b] - 20
        assert all(p[1] <= q[1] for p, q in itertools.pairwise(route))
    for i in range(40):
        assert sizes[i][0] / 2 <= at.x[i] <= at.width - sizes[i][0] / 2
        for j in range(i):
            if at.y[i] == at.y[j]:
                assert abs(at.x[i] - at.x[j]) >= (sizes[i][0] + sizes[j][0]) / 2


def test_layout_untangles():
    # Two chains whose ends are listed the other way round cross as listed, and need not.
    edges = [(0, 3), (1, 2), (2, 5), (3, 4)]
    assert layers_of(6, edges) == [0, 0, 1, 1, 2, 2]
    assert crossings([[0, 1], [2, 3]], [[3], [2], [], []], {2: 0.0, 3: 1.0}) == 1
    at = place([(60.0, 40.0)] * 6, edges)
    assert (at.x[0] < at.x[1]) == (at.x[3] < at.x[2]) == (at.x[4] < at.x[5])


class Trainer:
    def __init__(self):
        self.history = []


def test_alive_names_what_holds_a_graph():
    w = torch.ones(1000, requires_grad=True)
    trainer, kept = Trainer(), {}
    for _ in range(2):
        h = w * w
        trainer.history.append(h.exp())
    kept["loss"] = (w * 2).sum()

    hidden = w.sin()

    def use():
        return hidden  # noqa: F821 - deleted at the end

    found = [h for h in dt.alive() if "test_tools.py" in h.line]
    by_name = {name: h for h in found for name in h.names}
    assert by_name["trainer.history[1]"].nodes == 2
    assert (
        by_name["trainer.history[0]"].memory == 4000
    )  # exp keeps its result; w is the program's own
    assert "h" in by_name["trainer.history[1]"].names
    assert by_name["kept['loss']"].nodes == 2
    assert "hidden" in by_name
    assert by_name["trainer.history[0]"].age > by_name["kept['loss']"].age
    assert use() is hidden
    text = str(dt.alive())
    assert "trainer.history[0]" in text
    assert re.search(r" \d+ ops? ", text)  # ages have their unit
    assert "trainer.history.append(h.exp())" in text
    count = len(found)
    del trainer, kept, h, hidden, use, by_name, found
    gc.collect()
    assert len([h for h in dt.alive() if "test_tools.py" in h.line]) <= count - 4


def test_profile_counts_operations_and_rules():
    x = torch.ones(1000, requires_grad=True)
    with dt.profile() as p:
        for _ in range(3):
            y = (x.exp() * x).sum()
        y.backward()
    rows = {(r.phase, r.name): r for r in p.rows()}
    assert {k: r.calls for k, r in rows.items()} == {
        ("forward", "exp"): 3, ("forward", "mul"): 3, ("forward", "sum_all"): 3,
        ("backward", "SumBackward0"): 1, ("backward", "MulBackward0"): 1, ("backward", "ExpBackward0"): 1,
    }  # fmt: skip
    assert rows["forward", "exp"].memory == 3 * 4000
    assert rows["backward", "MulBackward0"].memory == 2 * 4000
    assert 0 < sum(r.time for r in rows.values()) < p.seconds
    assert torch.equal(x.grad, x.exp() * x + x.exp())
    assert "outside operations" in str(p)
    lines = [r.name for r in p.rows(by="line")]
    assert all("test_tools.py" in line and "y = (x.exp() * x).sum()" in line for line in lines)
    with pytest.raises(ValueError, match='by is "operation" or "line"'):
        p.rows(by="layer")


def test_profile_does_not_count_twice():
    x = np.ones(4)
    with dt.profile() as p:
        dt.hvp(lambda x: np.sum(np.sin(x) ** 2), (x,), (x,))
        y = torch.ones(3, requires_grad=True)
        (y**3).sum().backward(create_graph=True)
    events = sorted((e.start, e.end) for e in p.events)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(events))
    y.register_hook(lambda g: 1 / 0)
    with dt.profile() as p, pytest.raises(ZeroDivisionError):
        (y * y).sum().backward()
    assert {e.phase for e in p.events} == {"forward", "backward"}


def test_profile_times_a_compiled_function_as_one():
    f = dt.jit(lambda x: np.sin(x) * np.cos(x))
    x = np.ones(8)
    f(x)
    with dt.profile() as p:
        f(x)
    assert [e.name for e in p.events] == ["compiled <lambda>"]


def test_chrome_trace(tmp_path):
    x = torch.ones(10, requires_grad=True)
    with dt.profile() as p:
        (x * 2).sum().backward()
    trace = json.loads(p.save(tmp_path / "t.json").read_text())
    slices = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert [e["name"] for e in slices] == ["mul", "sum_all", "SumBackward0", "MulBackward0"]
    assert [e["tid"] for e in slices] == [0, 0, 1, 1]
    assert all(e["dur"] > 0 and "test_tools.py:" in e["args"]["line"] for e in slices)


def test_table_aligns_wide_characters():
    text = str(Table("", ("名", "n"), [("梯度", "1"), ("g", "22")], right=(1,)))
    assert text.splitlines() == ["名     n", "----  --", "梯度   1", "g     22"]
    assert "<td" in Table("a<b", ("x",), [("<",)])._repr_html_()
    assert "a&lt;b" in Table("a<b", ("x",), [])._repr_html_()


def test_rich_table():
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=80, record=True, file=io.StringIO())
    console.print(Table("title", ("name",), [("[red]as it is",)]))
    assert "[red]as it is" in console.export_text()


def test_module_and_tape_tables():
    model, _ = net()
    model[0].bias.requires_grad_(False)
    table = module_table(model)
    assert table.title == "Sequential: 49 parameters, 41 of them trained"
    assert ("0", "Linear", "weight [8, 4], bias [8]", "40") in table.rows
    dense = tf.keras.Sequential([tf.keras.layers.Dense(3, input_shape=(2,))])
    assert module_table(dense).title == "Sequential: 9 parameters, 9 of them trained"
    v = tf.Variable(1.0, name="v")
    with tf.GradientTape(persistent=True) as tape:
        v * 2.0
        table = tape_table(tape)
    assert table.title == "GradientTape: persistent, recording"
    assert table.rows == [("v:0", "float32", "[]")]


def test_tensor_html():
    x = torch.tensor([[1.0, -2.0], [float("nan"), 0.0]], requires_grad=True)
    html = tensor_html(x)
    assert html.count("<td") == 4
    assert "requires grad" in html
    assert "nan" in html
    assert "MulBackward0" in tensor_html(x * 2)
    assert "deviation" in tensor_html(torch.ones(100, 100))
    assert "10000" in tensor_html(torch.ones(100, 100))
    (
        tensor_html(torch.tensor(["a"] == ["a"])),
        tensor_html(torch.zeros(0)),
        tensor_html(torch.ones(2, dtype=torch.complex64)),
    )


def test_notebook_extension_shows_tensors():
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    from dualtape.show.reprs import register

    shell = interactive.InteractiveShell.instance()
    try:
        register(shell)
        data, _ = shell.display_formatter.format(torch.ones(2, requires_grad=True))
        assert "requires grad" in data["text/html"]
        assert data["text/plain"] == "tensor([1., 1.], requires_grad=True)"
        v = tf.Variable([1.0, -2.0], name="v")
        assert "v:0 · trainable" in shell.display_formatter.format(v)[0]["text/html"]
        assert "parameters" in shell.display_formatter.format(net()[0])[0]["text/html"]
        g = dt.graph(net()[1])
        assert shell.display_formatter.format(g)[0]["image/svg+xml"].startswith("<svg")
    finally:
        interactive.InteractiveShell.clear_instance()


def test_plots():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model, h = net()
    h.pow(2).sum().backward()
    model.append(torch.nn.Linear(1, 1))
    ax = dt.plot.gradient_flow(model)
    assert [t.get_text() for t in ax.get_xticklabels()] == [n for n, _ in model.named_parameters()]
    assert [t.get_text() for t in ax.texts] == ["no gradient"] * 2
    bars = [p.get_height() for p in ax.containers[0]]
    assert bars[0] == pytest.approx(float(model[0].weight.grad.abs().max()))
    ax = dt.plot.gradient_flow({"a": np.array([1.0, np.nan]), "b": None})
    assert [t.get_text() for t in ax.texts] == ["not finite", "no gradient"]
    with pytest.raises(ValueError, match="no parameters"):
        dt.plot.gradient_flow([])
    with pytest.raises(TypeError, match="TensorFlow keeps no gradients in variables"):
        dt.plot.gradient_flow(tf.keras.layers.Dense(1))

    path = [torch.tensor([1.0, 1.0]) * 0.9**k for k in range(10)]
    for f in (lambda p: p[0] ** 2 + p[1] ** 2, lambda x, y: x**2 + y**2):
        ax = dt.plot.surface(f, path, points=9)
        line = ax.lines[0].get_xydata()
        np.testing.assert_allclose(line, [p.tolist() for p in path])
        low, high = ax.get_xlim()
        assert low < 0.9**9
        assert high > 1
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        dt.plot.surface(lambda p: p, [[1.0, 2.0, 3.0]])
    matplotlib.pyplot.close("all")
