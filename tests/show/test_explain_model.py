"""The model of a run: what the page shows is what the engine did, to the last bit."""

import numpy as np
import pytest

from dualtape.show.notation import NOTATION

MEAN = """
import torch
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = 3 * y**2
out = z.mean()
out.backward()
"""

LOOP = """
import torch
torch.manual_seed(0)
X = torch.tensor([[1.0], [2.0], [3.0]])
y = torch.tensor([[2.0], [4.0], [5.0]])
w = torch.randn(1, requires_grad=True)
b = torch.randn(1, requires_grad=True)
first = (w * 2).sum()
first.backward()
w.grad = None
for epoch in range(30):
    y_pred = X * w + b
    loss = torch.mean((y_pred - y) ** 2)
    loss.backward()
    with torch.no_grad():
        w -= 0.05 * w.grad
        b -= 0.05 * b.grad
        w.grad.zero_()
        b.grad.zero_()
print("done")
"""

TAPE = """
import tensorflow as tf
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
w = tf.Variable([[1.0], [2.0]], name="w")
b = tf.Variable(0.1)
unused = tf.Variable(3.0)
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(tf.sin(tf.matmul(x, w) + b)))
    dw, db = tape.gradient(loss, [w, b])
    w.assign_sub(0.01 * dw)
with tf.GradientTape() as tape:
    square = w * w
nothing = tape.gradient(square, unused)
"""

NATIVE = """
import numpy as np
import dualtape as dt
X = np.array([[0.5, -1.0], [2.0, 0.25], [-1.5, 1.0]])
y = np.array([0.2, -0.4, 0.9])
def loss(w, b):
    return np.mean((np.tanh(X @ w + b) - y) ** 2)
w, b = np.array([0.1, -0.2]), 0.5
for _ in range(6):
    dw, db = dt.grad(loss, argnums=(0, 1))(w, b)
    w = w - 0.5 * dw
    b = b - 0.5 * db
"""


def replayed(e, graph, run=-1):
    """Go through the backward passes with the page's numbers alone; return what arrives where."""
    for swept in graph["passes"]:
        arrived = {}
        for root in swept["roots"]:
            arrived[tuple(root["at"])] = e.value(graph, root["cotangent"], run)
        for step in swept["steps"]:
            for k, slot in enumerate(step["cotangents"]):
                if slot >= 0:
                    assert same(e.value(graph, slot, run), arrived[step["node"], k])
            for to in step["to"]:
                target = tuple(to["target"])
                value = e.value(graph, to["value"], run)
                if to["before"] < 0:
                    assert target not in arrived
                    after = value
                else:
                    assert same(e.value(graph, to["before"], run), arrived[target])
                    after = np.asarray(arrived[target] + value)
                arrived[target] = after
                assert same(e.value(graph, to["after"], run), after)
                if to["localKind"] == "diagonal":
                    ct = e.value(graph, step["cotangents"][0], run)
                    product = ct * e.value(graph, to["local"], run)
                    whole = e.value(
                        graph, to["product"] if to["product"] >= 0 else to["value"], run
                    )
                    np.testing.assert_allclose(
                        np.broadcast_to(whole, product.shape), product, rtol=1e-5, atol=1e-7
                    )
                elif to["localKind"] == "jacobian":
                    ct = e.value(graph, step["cotangents"][0], run)
                    j = e.value(graph, to["local"], run)
                    np.testing.assert_allclose(
                        np.tensordot(ct, j, ct.ndim), value, rtol=1e-5, atol=1e-7
                    )
        for result in swept["results"]:
            if result["gradient"] >= 0:
                assert same(e.value(graph, result["gradient"], run), arrived[tuple(result["at"])])
        yield arrived


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_the_example_of_the_notes(explain):
    e = explain(MEAN)
    (graph,) = e.model["graphs"]
    assert [n["name"] for n in graph["nodes"] if n["name"]] == ["x", "y", "z", "out"]
    assert [n["op"] for n in graph["nodes"] if n["op"]] == ["add", "square", "mul", "mean_all"]
    assert same(e.of("out"), e.names["out"].detach().numpy())
    ((arrived),) = replayed(e, graph)
    assert arrived[graph["nodes"].index(e.node("x")), 0].tolist() == [[4.5, 4.5], [4.5, 4.5]]
    result = graph["passes"][0]["results"][0]
    assert same(e.value(graph, result["gradAfter"]), e.names["x"].grad.numpy())
    assert graph["runs"][0]["values"][result["gradBefore"]] == "None"
    place = e.model["places"][e.node("z")["place"]]
    assert e.model["sources"][place[0]]["text"].splitlines()[place[1] - 1] == "z = 3 * y**2"
    assert e.node("z")["text"] == "3 * y**2"


@pytest.mark.parametrize(
    ("source", "graph", "gradients"),
    [
        (LOOP, 1, {}),
        (TAPE, 0, {"w": "dw", "b": "db"}),
        (NATIVE, 0, {"w": "dw", "b": "db"}),
    ],
    ids=["torch", "tensorflow", "numpy"],
)
def test_a_replay_gives_the_engines_bits(explain, source, graph, gradients):
    e = explain(source)
    g = e.graph(graph)
    for run in range(len(g["runs"])):
        assert len(list(replayed(e, g, run))) == 1
    for leaf, name in gradients.items():
        at = [g["nodes"].index(e.node(leaf, graph)), 0]
        result = next(r for r in g["passes"][0]["results"] if r["at"] == at)
        engine = np.asarray(e.names[name])
        assert same(e.value(g, result["gradient"]), engine)


def test_loops_are_folded(explain):
    e = explain(LOOP)
    before, loop = e.model["graphs"]
    assert (before["title"], before["total"]) == ("first", 1)
    assert (loop["title"], loop["total"]) == ("loss", 30)
    assert len(loop["runs"]) == 30
    assert e.model["timeline"] == [
        {"graph": 0, "first": 0, "count": 1},
        {"graph": 1, "first": 0, "count": 30},
    ]
    curves = {(c["kind"], c["name"]): c for c in loop["curves"]}
    assert set(curves) == {
        ("loss", "loss"), ("parameter", "w"), ("gradient", "∂/∂w"), ("parameter", "b"), ("gradient", "∂/∂b"),
    }  # fmt: skip
    assert curves["loss", "loss"]["x"] == list(range(30))
    assert np.float32(curves["loss", "loss"]["y"][-1]) == e.names["loss"].item()
    losses = [float(e.of("loss", 1, run)) for run in range(30)]
    assert losses == sorted(losses, reverse=True)
    # After the first iteration `.grad` holds zeros: that is not the same as None.
    slot = loop["passes"][0]["results"][0]["gradBefore"]
    assert [r["values"][slot] for r in loop["runs"][:2]] == ["None", [0.0]]


def test_the_program_computes_what_it_computes_without(explain, tmp_path):
    watched = explain(LOOP)
    plain = {}
    exec(LOOP.replace("import torch", "import dualtape.torch as torch"), plain)
    for name in ("w", "b", "loss"):
        assert same(watched.names[name].detach().numpy(), plain[name].detach().numpy())


def test_why_a_tape_gave_none(explain):
    e = explain(TAPE)
    (why,) = e.model["why"]
    assert (why["kind"], why["name"], why["cause"]) == ("none", "unused", "no_path")


def test_why_a_gradient_is_none_or_nan(explain):
    e = explain("""
import torch
x = torch.tensor([0.0, 1.0, 4.0], requires_grad=True)
scale = torch.tensor(2.0, requires_grad=True)
cut = (scale * 2).detach()
root = torch.sqrt(x)
loss = torch.where(x > 0, root, 0.0).sum() * cut
loss.backward()
""")
    nan, none = e.model["why"]
    graph = e.graph()
    assert (nan["kind"], nan["name"], nan["operation"], nan["cause"]) == (
        "nan",
        "x",
        "sqrt",
        "backward",
    )
    assert graph["nodes"][nan["culprit"]["node"]]["name"] == "root"
    assert e.model["places"][nan["place"]][1] == 6
    assert (none["name"], none["cause"]) == ("scale", "detached")
    assert e.model["places"][none["place"]][1] == 5
    assert e.node("loss")["cut"] == [1]
    x = graph["nodes"].index(e.node("x"))
    result = next(r for r in graph["passes"][0]["results"] if r["at"] == [x, 0])
    assert graph["runs"][0]["values"][result["gradient"]][0] == "nan"


def test_a_gradient_of_a_later_pass_is_no_missing_one(explain):
    e = explain("""
import torch
a = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(2.0, requires_grad=True)
one = a * 3
one.backward()
two = b * 3
two.backward()
""")
    assert e.model["why"] == []


def test_second_derivatives(explain):
    e = explain("""
import torch
x = torch.tensor(0.5, requires_grad=True)
y = torch.sin(x) * x**2
(dy_dx,) = torch.autograd.grad(y, x, create_graph=True)
(d2,) = torch.autograd.grad(dy_dx, x)
""")
    (graph,) = e.model["graphs"]
    first, second = graph["passes"]
    assert (first["recorded"], second["recorded"]) == (True, False)
    rules = [n for n in graph["nodes"] if n.get("pass") == 0]
    assert {graph["nodes"][n["rule"]]["op"] for n in rules} == {"mul", "square", "sin"}
    assert e.node("dy_dx")["pass"] == 0
    assert same(e.of("dy_dx"), e.names["dy_dx"].detach().numpy())
    *_, arrived = replayed(e, graph)
    assert same(arrived[0, 0], e.names["d2"].numpy())


def test_several_passes_over_one_graph(explain):
    e = explain("""
import torch
x1 = torch.tensor(1.0, requires_grad=True)
x2 = torch.tensor(2.0, requires_grad=True)
y1 = x1 * x2
y2 = x1 + x2
torch.autograd.grad(y1, [x1, x2], retain_graph=True)
torch.autograd.grad([y1, y2], [x1, x2])
""")
    (graph,) = e.model["graphs"]
    assert [len(p["roots"]) for p in graph["passes"]] == [1, 2]
    assert [len(list(replayed(e, graph)))] == [2]


def test_modules_are_blocks(explain):
    e = explain("""
import torch
from torch import nn
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)
    def forward(self, x):
        return x + torch.relu(self.inner(x))
net = nn.Sequential(Block(), Block(), nn.Linear(3, 1))
inputs = torch.ones(2, 3)
def loss_of(net, x):
    return net(x).sum()
loss_of(net, inputs).backward()
""")
    (graph,) = e.model["graphs"]
    blocks = graph["blocks"]
    assert [(b["name"], b["type"] or b["kind"]) for b in blocks] == [
        ("loss_of", "function"), ("net", "Sequential"), ("net.0", "Block"), ("net.0.inner", "Linear"), ("net.1", "Block"),
        ("net.1.inner", "Linear"), ("net.2", "Linear"),
    ]  # fmt: skip
    assert [b["parent"] for b in blocks] == [-1, 0, 1, 2, 1, 4, 1]
    assert blocks[2]["shape"] == blocks[4]["shape"] != blocks[6]["shape"]
    names = [n["name"] for n in graph["nodes"] if n["kind"] == "leaf"]
    assert names[:2] == ["net.0.inner.weight", "net.0.inner.bias"]
    assert e.node("inputs")["kind"] == "constant"


def test_forward_mode(explain):
    e = explain("""
import torch
x = torch.tensor(0.5, requires_grad=True)
w = torch.tensor(3.0, requires_grad=True)
y = torch.sin(x * w)
y.backward()
""")
    (graph,) = e.model["graphs"]
    view = graph["tangents"][0]
    assert graph["nodes"][view["leaf"]]["name"] == "x"
    y = graph["nodes"].index(e.node("y"))
    assert e.value(graph, view["nodes"][y][0]) == pytest.approx(3 * np.cos(1.5), rel=1e-6)
    assert view["nodes"][graph["nodes"].index(e.node("w"))] == [-1]


def test_tangents_that_the_program_carries(explain):
    e = explain("""
import numpy as np, dualtape as dt
def f(x):
    y = np.sin(x)
    return np.sum(y * y)
value, slope = dt.jvp(f, (np.array([0.5, 1.0]),), (np.array([1.0, 0.0]),))
""")
    (graph,) = e.model["graphs"]
    (view,) = graph["tangents"]
    assert view["leaf"] == -1
    last = view["nodes"][-1][0]
    assert float(e.value(graph, last)) == float(e.names["slope"])


def test_a_program_that_fails_is_shown_up_to_there(explain):
    e = explain("""
import torch
a = torch.ones(2, 3, requires_grad=True)
c = a * 2
c @ a
""")
    assert isinstance(e.error, RuntimeError)
    error = e.model["error"]
    assert error["type"] == "RuntimeError"
    assert "mat1 and mat2" in error["message"]
    assert e.model["places"][error["place"]][1] == 5
    assert error["text"].splitlines()[1].strip().startswith('File "')
    assert "program.py" in error["text"].splitlines()[1]
    assert e.node("c")["recorded"]


def test_programs_without_gradient_or_operations(explain):
    e = explain("import torch\nx = torch.ones(3)\ny = (x * 2).sum()\n")
    (graph,) = e.model["graphs"]
    assert graph["passes"] == []
    assert {n.get("unrecorded") for n in graph["nodes"] if n["kind"] == "op"} == {"no_operand"}
    assert explain("import torch\nprint(torch.__version__)\n").model["graphs"] == []


def test_compiled_functions_are_run_operation_by_operation(explain):
    e = explain("""
import torch
@torch.compile
def f(x, w):
    return (torch.sin(x) * w).sum()
w = torch.tensor([1.0, 2.0], requires_grad=True)
for i in range(3):
    l = f(torch.ones(2), w)
    l.backward()
""")
    assert [n["code"] for n in e.model["notes"]] == ["compiled"]
    assert e.graph()["total"] == 3
    assert [n["op"] for n in e.graph()["nodes"] if n["op"]] == ["sin", "mul", "sum_all"]
    e = explain("""
import tensorflow as tf
w = tf.Variable(2.0)
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = w * x
    return tape.gradient(loss, w)
step(tf.constant(3.0))
""")
    (note,) = e.model["notes"]
    assert note["names"] == ["step"]
    assert note["text"].startswith("Compiled functions were run operation by operation")


def test_functions_with_rules_of_their_own_views_and_writes(explain):
    e = explain("""
import torch
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g
x = torch.ones(4, requires_grad=True)
y = Square.apply(x) * 2
y[1:3].mul_(3)
z = y.view(2, 2).t().sum()
z.register_hook(lambda g: g * 2)
z.backward()
""")
    (graph,) = e.model["graphs"]
    assert [n["op"] for n in graph["nodes"] if n["kind"] == "call"] == [
        "SquareBackward",
        "CopySlices",
    ]
    result = graph["passes"][0]["results"][0]
    assert same(e.value(graph, result["gradAfter"]), e.names["x"].grad.numpy())
    assert e.names["x"].grad.tolist() == [8, 24, 24, 8]


def test_loops_of_a_front_end_are_folded_too(explain):
    e = explain("""
import numpy as np
import tensorflow as tf
model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="relu"), tf.keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x = np.ones((12, 3), "float32")
model.fit(x, x.sum(1, keepdims=True), epochs=2, batch_size=4, verbose=0)
""")
    assert [g["total"] for g in e.model["graphs"]] == [6]
    assert {b["type"] for b in e.graph()["blocks"]} >= {"Dense"}


def test_large_arrays_are_pictures(explain):
    e = explain("""
import torch
x = torch.linspace(0, 1, 90000).reshape(300, 300).requires_grad_()
y = (x * 2).sum()
y.backward()
""")
    graph = e.graph()
    (value,) = [graph["runs"][0]["values"][o] for o in e.node("x")["outs"]]
    assert value["min"] == 0
    assert value["max"] == 1
    assert value["heat"]["rows"] == value["heat"]["columns"] == 16
    assert value["nan"] == 0
    assert len(str(e.model)) < 40_000


def test_every_notation_is_of_a_primitive():
    from dualtape.testing.samples import every_primitive, every_sample

    known = {s.primitive.name for s in every_sample()} | set(every_primitive())
    assert set(NOTATION) <= known


def test_formulas_come_from_the_rules(explain):
    e = explain(
        MEAN + "u = torch.tanh(x).sum(); v = (x @ x).exp().sum()\nu.backward(); v.backward()\n"
    )
    found = {
        n["op"]: e.model["formulas"][n["formula"]]
        for g in e.model["graphs"]
        for n in g["nodes"]
        if n["op"]
    }
    assert found["square"]["text"] == "out = x^2"
    assert found["square"]["derivatives"][0]["local"]["text"] == "2 · x"
    assert found["tanh"]["derivatives"][0]["local"]["text"] == "1 - out^2"
    assert found["exp"]["derivatives"][0]["local"]["reads"] == ["out"]
    assert found["mul"]["derivatives"][0]["local"]["text"] == "y"
    rules = [d["rule"]["text"] for d in found["mm" if "mm" in found else "matmul"]["derivatives"]]
    assert rules == ["ȳ @ y.T", "x.T @ ȳ"]
    assert 'data-v="0"' in found["square"]["mathml"]
