"""What the page shows of updates: the values that the parameters got, however they were written, to the last bit."""

import gc
import weakref

import numpy as np
import pytest

from dualtape.show.updates import ratio

TORCH = """
import torch
torch.manual_seed(0)
X = torch.tensor([[1.0, 0.5], [2.0, -1.0], [3.0, 0.25]])
y = torch.tensor([[2.0], [4.0], [5.0]])
w = torch.randn(2, 1, requires_grad=True)
b = torch.tensor(0.1, requires_grad=True)
{before}
for epoch in range(5):
    loss = torch.mean((X @ w + b - y) ** 2)
    loss.backward()
    {update}
    w.grad = b.grad = None
"""

TENSORFLOW = """
import tensorflow as tf
X = tf.constant([[1.0, 0.5], [2.0, -1.0], [3.0, 0.25]])
y = tf.constant([[2.0], [4.0], [5.0]])
w = tf.Variable([[0.3], [-0.2]])
b = tf.Variable(0.1)
{before}
for epoch in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((X @ w + b - y) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    {update}
"""

# The update, what stands before the loop, change / gradient if that is one number, and whether the line is known.
WAYS = {
    "no_grad": ("with torch.no_grad(): w -= 0.05 * w.grad; b -= 0.05 * b.grad", "", -0.05, True),
    "sub_": ("with torch.no_grad(): w.sub_(0.05 * w.grad); b.sub_(0.05 * b.grad)", "", -0.05, True),
    "copy_": ("with torch.no_grad(): w.copy_(w - 0.05 * w.grad); b.mul_(0.5)", "", None, True),
    "data": ("w.data -= 0.05 * w.grad; b.data.sub_(0.05 * b.grad)", "", -0.05, True),
    "data =": ("w.data = w.data - 0.05 * w.grad; b.data = b.data * 2", "", None, False),
    "detach": ("w.detach().sub_(0.05 * w.grad); b.detach()[...] = 0.25 * epoch", "", None, True),
    "SGD": ("opt.step()", "opt = torch.optim.SGD([w, b], lr=0.05)", -0.05, True),
    "momentum": ("opt.step()", "opt = torch.optim.SGD([w, b], lr=0.05, momentum=0.9)", None, True),
    "Adam": ("opt.step()", "opt = torch.optim.Adam([w, b], lr=0.1)", None, True),
    "ascent": ("with torch.no_grad(): w += 0.01 * w.grad; b += 0.01 * b.grad", "", 0.01, True),
    "assign_sub": ("w.assign_sub(0.05 * dw); b.assign_sub(0.05 * db)", "", -0.05, True),
    "assign": ("w.assign(w - 0.05 * dw); b.assign(0.5 * b)", "", None, True),
    "keras SGD": ("opt.apply_gradients([(dw, w), (db, b)])", "opt = tf.keras.optimizers.SGD(0.05)", -0.05, True),
    "keras Adam": ("opt.apply_gradients([(dw, w), (db, b)])", "opt = tf.keras.optimizers.Adam(0.1)", None, True),
}  # fmt: skip


def same(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def named(graph):
    """The updates by the leaves' names."""
    return {graph["nodes"][u["leaf"][0]]["name"]: u for u in graph["updates"]}


def line(e, update):
    return None if update["place"] is None else e.model["places"][update["place"]][1]


@pytest.mark.parametrize("way", WAYS)
def test_the_third_act_has_the_engines_bits(explain, way):
    update, before, rate, known = WAYS[way]
    source = (TENSORFLOW if "tf." in before or "assign" in way else TORCH).format(
        before=before, update=update
    )
    e = explain(source)
    assert e.error is None
    (graph,) = e.model["graphs"]
    assert graph["total"] == len(graph["runs"]) == 5
    updates = named(graph)
    assert set(updates) == {"w", "b"}
    rates = set()
    for name, u in updates.items():
        leaf = graph["nodes"][u["leaf"][0]]["outs"][0]
        at = [i for i, text in enumerate(source.splitlines(), 1) if text.strip() == update]
        assert line(e, u) == (at[0] if known else None)
        assert u["after"] == len(graph["nodes"])
        assert (u["gradient"] >= 0) == any(
            r["at"] == u["leaf"] for r in graph["passes"][0]["results"]
        )
        for run in range(5):
            old, new = e.value(graph, leaf, run), e.value(graph, u["value"], run)
            engine = e.names[name].detach() if "torch" in source else e.names[name]
            assert same(new, engine.numpy() if run == 4 else e.value(graph, leaf, run + 1))
            assert same(e.value(graph, u["change"], run), new - old)
            rates.add(graph["runs"][run]["values"][u["ratio"]])
    if rate is not None:
        assert rates == {rate}
    elif way in ("momentum", "Adam", "keras Adam"):
        assert None in rates


def test_assignments_are_told_of_only_while_a_program_is_explained(explain):
    from dualtape.tensorflow.variable import Variable

    before = Variable._put, Variable._updated
    e = explain("""
import tensorflow as tf
w, v = tf.Variable([1.0, 2.0]), tf.Variable(3.0)
x = tf.constant([[1.0, 0.5], [2.0, 1.0]])

@tf.function
def step(rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((w * v) ** 2)
    dw, dv = tape.gradient(loss, [w, v])
    w.assign_sub(rate * dw)
    v.assign(v - rate * dv)

for i in range(3):
    step(0.01)
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
model.fit(x, tf.constant([[1.0], [2.0]]), epochs=2, verbose=0)
""")
    assert (Variable._put, Variable._updated) == before
    steps, fits = [g for g in e.model["graphs"] if g["updates"]]
    assert {n: line(e, u) for n, u in named(steps).items()} == {"w": 11, "v": 12}
    assert {line(e, u) for u in fits["updates"]} == {18}


def test_runs_with_an_update_and_without_are_of_one_graph(explain):
    e = explain(
        TORCH.format(
            before="opt = torch.optim.SGD([w, b], lr=0.05)", update="if epoch % 3 == 1: opt.step()"
        )
    )
    (graph,) = e.model["graphs"]
    values = [r["values"] for r in graph["runs"]]
    for u in graph["updates"]:
        assert [v[u["value"]] == "None" for v in values] == [True, False, True, True, False]
        assert [v[u["change"]] is None for v in values] == [True, False, True, True, False]
        assert line(e, u) == 12


def test_the_last_update_of_a_function_that_returns(explain):
    body = TORCH.format(before="", update="w.data -= 0.05 * w.grad").strip().splitlines()
    e = explain(
        "import torch\ndef main():\n"
        + "".join(f"    {t}\n" for t in body[1:])
        + "    return w\nw = main()\n"
    )
    (graph,) = e.model["graphs"]
    (u,) = graph["updates"]
    assert same(e.value(graph, u["value"], -1), e.names["w"].detach().numpy())


def test_an_update_at_the_beginning_of_the_next_iteration(explain):
    e = explain("""
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
for i in range(4):
    if i > 0:
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    loss = ((w - 3) ** 2).sum()
    loss.backward()
""")
    first, rest = e.model["graphs"]  # from the second on, there is 0.1 * w.grad
    (u,), (v,) = first["updates"], rest["updates"]
    assert line(e, u) == line(e, v) == 7
    leaf = rest["nodes"][v["leaf"][0]]["outs"][0]
    assert same(e.value(first, u["value"]), e.value(rest, leaf, 0))
    assert same(e.value(rest, v["value"], 0), e.value(rest, leaf, 1))
    assert rest["runs"][-1]["values"][v["value"]] == "None"


def test_an_update_after_an_inner_loop(explain):
    e = explain("""
import torch
def main():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    for epoch in range(3):
        for x in (torch.tensor([1.0, 2.0]), torch.tensor([0.5, 1.0])):
            loss = (w * x).sum() ** 2
            loss.backward()
        with torch.no_grad():
            w -= 0.01 * w.grad
        w.grad.zero_()
    return w
w = main()
""")
    graph = e.model["graphs"][0]
    (u,) = graph["updates"]
    assert graph["total"] == 6
    assert [r["values"][u["value"]] == "None" for r in graph["runs"]] == [True, False] * 3
    assert same(e.value(graph, u["value"], -1), e.names["w"].detach().numpy())


def test_a_leaf_that_is_updated_within_an_iteration(explain):
    e = explain("""
import torch
d = torch.tensor([0.5, -1.5], requires_grad=True)
g = torch.tensor([2.0, 1.0], requires_grad=True)
first, second = torch.optim.SGD([d], lr=0.01), torch.optim.SGD([g], lr=0.02)
for i in range(3):
    fake = g * 2
    loss_d = (d * fake.detach()).sum() ** 2
    first.zero_grad()
    loss_d.backward()
    first.step()
    loss_g = (d * fake - 1).square().sum()
    second.zero_grad()
    loss_g.backward()
    second.step()
""")
    (graph,) = e.model["graphs"]
    nodes = graph["nodes"]
    leaves = [i for i, n in enumerate(nodes) if n["name"] == "d"]
    assert len(leaves) == 2
    (u,) = [u for u in graph["updates"] if u["leaf"][0] == leaves[0]]
    assert u["after"] == leaves[1]  # between the first pass and what reads the new value
    assert graph["passes"][0]["after"] <= u["after"] < graph["passes"][1]["after"]
    assert line(e, u) == 11
    for run in range(3):
        assert same(
            e.value(graph, u["value"], run), e.value(graph, nodes[leaves[1]]["outs"][0], run)
        )
        assert graph["runs"][run]["values"][u["ratio"]] == -0.01
    # The second backward pass adds to d.grad, and does not change d.
    assert [u["leaf"][0] for u in graph["updates"]].count(leaves[1]) == 0


@pytest.mark.parametrize(
    "update",
    [
        "w = (w - 0.05 * w.grad).detach().requires_grad_()",
        "w = w.detach().clone().requires_grad_()",
    ],
)
def test_another_leaf_is_no_update(explain, update):
    e = explain(TORCH.format(before="", update=update))
    assert [g["updates"] for g in e.model["graphs"]] == [[]]


def test_which_of_several_gradients_was_used_is_not_guessed(explain):
    e = explain("""
import tensorflow as tf
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = tf.reduce_sum(x ** 3)
    g = inner.gradient(y, x)
h = outer.gradient(g, x)
x.assign_sub(g / h)
""")
    graph = e.graph()
    (u,) = graph["updates"]
    assert (u["gradient"], graph["runs"][0]["values"][u["ratio"]]) == (-1, None)
    assert same(e.value(graph, u["value"]), e.names["x"])


NATIVE = """
import numpy as np
import dualtape as dt
w = np.array([0.1, -0.2])
for _ in range(3):
    dw = dt.grad(lambda w: np.sum(np.tanh(w) ** 2))(w)
    {update}
"""


def test_a_plain_array_is_updated_in_place_or_replaced(explain):
    e = explain(NATIVE.format(update="w -= 0.5 * dw"))
    (graph,) = e.model["graphs"]
    (u,) = graph["updates"]
    assert same(e.value(graph, u["value"], -1), e.names["w"])
    assert [r["values"][u["ratio"]] for r in graph["runs"]] == [-0.5] * 3
    (graph,) = explain(NATIVE.format(update="w = w - 0.5 * dw")).model["graphs"]
    assert (graph["total"], graph["updates"]) == (3, [])


def test_buffers_are_no_parameters(explain):
    e = explain("""
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(4, 2)
for i in range(3):
    opt.zero_grad()
    net(x).square().sum().backward()
    opt.step()
""")
    names = set(named(e.graph()))
    assert names == {"net.0.weight", "net.0.bias", "net.1.weight", "net.1.bias"}
    assert e.names["net"][1].num_batches_tracked == 3


def test_a_write_before_any_pass(explain):
    e = explain("""
import torch
m = torch.nn.Linear(2, 1, bias=False)
x = torch.ones(1, 2)
before = m(x)
torch.nn.init.constant_(m.weight, 0.5)
m(x).sum().backward()
""")
    (graph,) = e.model["graphs"]
    (u,) = graph["updates"]
    assert (line(e, u), u["gradient"]) == (6, -1)
    assert e.value(graph, u["value"]).tolist() == [[0.5, 0.5]]
    assert u["after"] < len(graph["nodes"])


def test_large_leaves_have_statistics(explain):
    e = explain("""
import torch
w = torch.linspace(0, 1, 90000).requires_grad_()
v = torch.linspace(0, 1, 300).requires_grad_()
loss = (w * w).sum() + (v * v).sum()
loss.backward()
torch.optim.SGD([w, v], lr=0.125).step()
""")
    (graph,) = e.model["graphs"]
    values = graph["runs"][0]["values"]
    w, v = (named(graph)[n] for n in "wv")
    assert (values[w["value"]]["max"], values[w["change"]], values[w["ratio"]]) == (
        0.75,
        None,
        None,
    )
    assert (values[v["value"]]["max"], values[v["change"]]["min"], values[v["ratio"]]) == (
        0.75,
        -0.25,
        -0.125,
    )


def test_nothing_is_kept_alive_by_looking(explain):
    e = explain("""
import torch, weakref
w = torch.ones(3, requires_grad=True)
old = []
alive = []
for i in range(6):
    loss = (w * w).sum()
    loss.backward()
    old.append(weakref.ref(w))
    w = (w - 0.1 * w.grad).detach().requires_grad_()
    alive.append(sum(r() is not None for r in old))
del loss
""")
    assert max(e.names["alive"]) <= 3
    gc.collect()
    assert all(r() is None for r in e.names["old"])
    assert isinstance(e.names["old"][0], weakref.ref)


# --- change / gradient ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.01, 0.1, 3e-4, 1 / 3])
def test_the_ratio_is_the_learning_rate(dtype, rate):
    rng = np.random.default_rng(0)
    b, g = rng.normal(size=(2, 50)).astype(dtype)
    g[7] = 0
    found = ratio(b, b - dtype(rate) * g, g)
    assert found is not None
    assert found == -rate or (rate == 1 / 3 and found == pytest.approx(-rate, rel=1e-6))


def test_there_is_no_ratio_where_there_is_none():
    b, g = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert ratio(b, b - np.array([0.3, 0.41]), g) is None
    assert ratio(b, b - 0.1 * g, np.array([3.0, 0.0])) is None  # what has no gradient has moved
    assert ratio(b, b, np.zeros(2)) is None
    assert ratio(b, b - 1e-17 * g, g) is None  # lost in rounding
    assert ratio(b, b * np.nan, g) is None
    assert ratio(b.astype(complex), b - g, g) is None
    # One element always has a quotient: a learning rate is a short number.
    one = np.array(0.7)
    assert ratio(one, one - 0.0123456789, np.array(1.0)) is None
    assert ratio(one, one - 0.02, np.array(1.0)) == -0.02


def test_a_quotient_by_chance_is_no_learning_rate():
    # Adam's first step is its rate, whatever the gradient; float32 leaves room for many short numbers.
    rate, five = np.float32(0.001), np.float32(5.0)
    for gradient in np.float32([6.7, 20.0, 3.3]):
        assert ratio(five, five - rate, gradient) is None
    # Elements with one gradient tell no more than a single one, as those of the mean in the notes.
    w, g = np.ones((2, 2), np.float32), np.full((2, 2), 5.85, np.float32)
    assert ratio(w, w - rate, g) is None
    assert ratio(w, w - np.float32(0.1) * g, g) == -0.1
    assert ratio(w, w - np.float32(0.1) * g, -g) == 0.1
