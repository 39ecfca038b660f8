"""What folds besides functions and modules: loops and their iterations, threads, compiled functions; and how values are told apart."""

import json

import numpy as np
import pytest

import dualtape as dt
import dualtape.torch as torch
from dualtape.show.naming import numbered
from dualtape.show.webpage import PLAIN, model_in, page_of


def tree(graph):
    """The blocks as nested lists: [what, the operations in it, and blocks]."""
    found = {-1: []}
    for i, b in enumerate(graph["blocks"]):
        name = {
            "loop": f"{b['name']} {b.get('count')}x",
            "iteration": f"{b.get('number')}: {b['name']}",
        }
        here = [name.get(b["kind"], f"{b['kind']} {b['name']}")]
        here += [n["op"] for n in graph["nodes"] if n["block"] == i]
        found[i] = here
        found[b["parent"]].append(here)
    return found[-1]


TORCH = """
import torch
T = 3
xs = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
w = torch.tensor(0.5, requires_grad=True)
h = torch.zeros(2)
for t in range(T):
    h = torch.tanh(w * h + xs[t])
h.sum().backward()
"""

TENSORFLOW = """
import tensorflow as tf
xs = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
w = tf.Variable(0.5)
with tf.GradientTape() as tape:
    h = tf.zeros(2)
    for t in range(3):
        h = tf.tanh(w * h + xs[t])
    loss = tf.reduce_sum(h)
tape.gradient(loss, w)
"""

NUMPY = """
import numpy as np, dualtape as dt
xs = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
def f(w):
    h = np.zeros(2)
    for t in range(3):
        h = np.tanh(w * h + xs[t])
    return h.sum()
dt.grad(f)(0.5)
"""


@pytest.mark.parametrize("source", [TORCH, TENSORFLOW, NUMPY], ids=["torch", "tf", "numpy"])
def test_a_loop_without_a_function_folds(explain, source):
    graph = explain(source).graph()
    blocks = tree(graph)
    if source is NUMPY:
        (within,) = blocks
        assert within.pop(0) == "function f"
        blocks = [b for b in within if isinstance(b, list)]
    (loop,) = blocks
    assert loop[0] == ("for t in range(T) 3x" if source is TORCH else "for t in range(3) 3x")
    assert [b[0] for b in loop[1:]] == ["0: t = 0", "1: t = 1", "2: t = 2"]
    assert len({tuple(b[1:]) for b in loop[1:]}) == 1
    assert {"mul", "add", "tanh"} <= set(loop[1][1:])
    # Blocks of one structure are told so, and the line is the loop's.
    assert len({b["shape"] for b in graph["blocks"] if b["kind"] == "iteration"}) == 1
    # The h of each iteration has its number; the one before the loop is none of them.
    assert [n["number"] for n in graph["nodes"] if n["name"] == "h" and n["op"]] == [1, 2, 3]


NESTED = """
import numpy as np, dualtape as dt
def square(x):
    return x * x * 1
def f(x):
    y, i = x, 0
    while i < 2:
        for j in range(2):
            y = square(y) if j else np.cos(y) + y
        i += 1
    s = sum([y * k for k in (1, 2)])
    for _ in [0, 0]:
        s = s + 1
        s = np.sin(s)
    return s
dt.grad(f)(1.5)
"""


def test_loops_nest_with_loops_and_functions(explain):
    (f,) = tree(explain(NESTED).graph())
    square = ["function square", "mul", "mul"]
    inner = ["for j in range(2) 2x", ["0: j = 0", "cos", "add"], ["1: j = 1", square]]
    assert f[1:] == [
        # `sum` adds, from one place: that is no loop of the program.
        "add",
        "add",
        ["while i < 2 2x", ["0: ", inner], ["1: ", inner]],
        # Where an iteration is one operation, it is no block.
        ["for k in (1, 2) 2x", "mul", "mul"],
        # What the variable is says nothing here; where it runs does.
        ["for _ in [0, 0] 2x", ["0: ", "add", "sin"], ["1: ", "add", "sin"]],
    ]


BRANCHES = """
import torch
x = torch.tensor(1.0, requires_grad=True)
y = x
for i in range(4):
    if i % 2:
        y = y * 2
        y = torch.sin(y)
    else:
        y = y * 3
while (y - x).abs() > 1e-3:
    y = (x + y) / 2
rows = [row.sum() for row in torch.stack([y, x])]
for a, (b, c) in zip([1, 2], [(3, 4), (5, 6)]):
    y = y + a * rows[0] + b - c
y.backward()
"""


def test_what_tells_one_iteration_from_the_next(explain):
    branches, halving, rows, pairs = tree(explain(BRANCHES).graph())
    # The second branch stands behind the first: the variable tells, not the place.
    assert branches == [
        "for i in range(4) 4x",
        ["0: i = 0", "mul"],
        ["1: i = 1", "mul", "sin"],
        ["2: i = 2", "mul"],
        ["3: i = 3", "mul", "sin"],
    ]
    # The condition is asked before the first iteration and at the end of each.
    ask = ["sub", "abs", "gt"]
    assert halving[0].startswith("while (y - x).abs() > 0.001 ")
    assert halving[1] == ["0: ", *ask, "add", "div", *ask]
    assert all(b[1:] == ["add", "div", *ask] for b in halving[2:])
    assert rows[0] == "for row in torch.stack([y, x]) 2x"
    assert pairs[0].startswith("for a, (b, c) in zip([1, 2], [(3, 4)")
    assert [b[0] for b in pairs[1:]] == ["0: a = 1, b = 3, c = 4", "1: a = 2, b = 5, c = 6"]


def test_a_generator_runs_in_the_iterations_that_ask_it(explain):
    e = explain("""
import torch
x = torch.tensor(1.0, requires_grad=True)
def parts(x):
    for k in range(2):
        yield x * k
y = x
for part in parts(x):
    y = y + part
y.backward()
""")
    ((loop, *turns),) = tree(e.graph())
    assert loop == "for part in parts(x) 2x"
    assert turns == [[f"{i}: ", "add", ["function parts", "mul"]] for i in range(2)]


def test_the_loop_on_the_slider_is_no_block(explain):
    e = explain("""
import torch
w = torch.tensor(1.0, requires_grad=True)
for epoch in range(3):
    loss = 0
    for x in (1.0, 2.0):
        p = w * x
        loss = loss + (p - 1) ** 2
    loss.backward()
    w.data -= 0.1 * w.grad
    w.grad = None
""")
    graph = e.graph()
    assert graph["total"] == 3
    ((name, first, second),) = tree(graph)
    assert name == "for x in (1.0, 2.0) 2x"
    assert first[1:] == second[1:] == ["mul", "sub", "square", "add"]
    # Passes that run in every fourth iteration only leave the others visible.
    e = explain(
        """
import torch
w = torch.tensor(1.0, requires_grad=True)
for i in range(8):
    p = torch.sin(w * i)
    if i % 4 == 3:
        p.backward()
""",
        "fourth.py",
    )
    assert [g["total"] for g in e.model["graphs"]] == [2]
    (loop,) = tree(e.graph())
    assert loop[0] == "for i in range(8) 4x"


def test_thousands_of_operations_of_one_loop_fold(explain):
    e = explain("""
import torch
y = x = torch.tensor(1.0, requires_grad=True)
for i in range(600):
    y = y + 0.001 * (x - y)
    y = torch.sin(y)
y.backward()
""")
    graph = e.graph()
    assert len(graph["nodes"]) > 2000
    (loop,) = tree(graph)
    assert loop[0] == "for i in range(600) 600x"
    page = page_of([e.model])
    assert len(page.encode()) < 1_000_000
    # Large pages are compressed, and read again by `--compare`.
    assert len(json.dumps(e.model)) > PLAIN
    assert model_in(page)["graphs"][0]["key"] == graph["key"]


def test_values_of_one_name_are_numbered(explain):
    e = explain("""
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x
y = y + x
y = torch.tanh(y)
z = y.sum()
z.backward()
""")
    nodes = e.graph()["nodes"]
    named = [(n["name"], n.get("number")) for n in nodes if n["name"]]
    # What is called x and y is the only x.
    assert named == [("x", None), ("y", 1), ("y", 2), ("z", None)]
    assert nodes[0]["also"] == ["y"]
    # What was there before h was computed is number 0; rows of data are counted like the rest.
    assert numbered([("h", False), ("a", True), ("h", True), ("h", True)]) == [0, None, 1, 2]
    assert numbered([("x", False), (None, True), ("x", False)]) == [1, None, 2]


def test_a_graph_tells_variables_of_two_functions_apart():
    w = torch.ones(2, requires_grad=True)

    def inner(v):
        x = v * 2
        return dt.graph(x)

    x = torch.sin(w)
    assert [n.name for n in inner(x).nodes] == ["w", "v", "x"]

    def same(y):
        x = y * 2
        del y
        return dt.graph(x)

    assert [n.name for n in same(x).nodes] == ["w", "x₁", "x₂"]


def test_other_threads_are_shown_as_such(explain):
    e = explain("""
import threading
import torch
from concurrent.futures import ThreadPoolExecutor
w = torch.tensor([1.0, 2.0], requires_grad=True)
found = {}
def work(k):
    for i in range(2):
        found[i] = torch.exp(w * k) + i
aside = threading.Thread(target=work, args=(3,), name="aside")
aside.start()
aside.join()
with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
    (square,) = pool.map(lambda k: w ** k, [2])
def own():
    total.backward()
total = (found[0] + found[1] + square).sum()
last = threading.Thread(target=own)
last.start()
last.join()
""")
    graph = e.graph()
    aside, pool = tree(graph)
    assert aside == [
        "thread aside",
        [
            "function work",
            [
                "for i in range(2) 2x",
                ["0: i = 0", "mul", "exp", "add"],
                ["1: i = 1", "mul", "exp", "add"],
            ],
        ],
    ]
    assert pool == ["thread pool_0", "square"]
    # A pass that another thread asked for is one like any other.
    (swept,) = graph["passes"]
    (result,) = swept["results"]
    w = np.array([1.0, 2.0], np.float32)
    assert np.allclose(e.value(graph, result["gradAfter"]), 2 * 3 * np.exp(3 * w) + 2 * w)


def test_a_thread_beside_a_training_loop_does_not_cut_it(explain):
    e = explain("""
import threading
import torch
w = torch.tensor(1.0, requires_grad=True)
def log():
    (w.detach() * 100).sum()
for i in range(4):
    loss = (w - 3) ** 2
    t = threading.Thread(target=log, name="log")
    t.start()
    t.join()
    loss.backward()
    w.data -= 0.1 * w.grad
    w.grad = None
""")
    assert [g["total"] for g in e.model["graphs"]] == [4]
    assert [b["kind"] for b in e.graph()["blocks"]] == ["thread", "function"]


def test_threads_that_go_on_are_left_alone(explain):
    e = explain("""
import threading
import torch
w = torch.tensor(1.0, requires_grad=True)
go, done = threading.Event(), []
def late():
    w * 2
    go.wait(20)
    done.append((w * 3).item())
thread = threading.Thread(target=late, daemon=True)
thread.start()
import time
while not thread.is_alive():
    time.sleep(0.01)
(w * 5).backward()
""")
    e.names["go"].set()
    e.names["thread"].join(20)
    assert e.names["done"] == [3.0]
    assert e.error is None


def test_compiled_functions_say_so(explain):
    e = explain("""
import numpy as np, dualtape as dt
import torch
@torch.compile
def f(x, w):
    return (torch.sin(x) * w).sum()
w = torch.tensor([1.0, 2.0], requires_grad=True)
net = torch.compile(torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Tanh()))
(f(torch.ones(2), w) + net(w).sum()).backward()
dt.grad(lambda v: dt.jit(lambda u: np.sum(np.exp(u) * u))(v))(np.ones(3))
""")
    blocks = [b for g in e.model["graphs"] for b in g["blocks"]]
    told = {b["name"]: b["compiled"] for b in blocks if "compiled" in b}
    assert told.pop("f") == "torch.compile"
    assert told.pop("lambda") == "dt.jit"
    assert list(told.values()) == ["torch.compile"]  # the whole network, and not its layers
    (note,) = e.model["notes"]
    assert note["names"] == ["f", "Sequential", "<lambda>"]
