"""The gradient doctor where several statements share a line, and where it is asked in the midst of one."""

import subprocess
import sys
import textwrap

import pytest

import dualtape as dt
import dualtape.tensorflow as tf
import dualtape.torch as torch

from .test_why_none import check, run

PROGRAMS = {
    "two statements": """
x = torch.ones(2, requires_grad=True)
a = x.detach(); b = a * 2  #: detached (certain)
result = x.grad
verdict = why_none(b, x)
""",
    "the question on the same line": """
x = torch.ones(2, requires_grad=True); result = x.grad
a = x.detach(); b = a * 2; verdict = why_none(b, x)  #: detached (certain)
""",
    "the last of two statements counts": """
x = torch.ones(2, requires_grad=True)
z = torch.ones(2, requires_grad=True)
a = x.detach(); a = z * 1; b = a * 2  #: no_path (certain)
result = x.grad
verdict = why_none(b, x)
""",
    "a later statement does not count": """
x = torch.ones(2, requires_grad=True)
z = torch.ones(2, requires_grad=True)
a = x.data; b = a * 2; verdict = why_none(b, x); a = x.detach()  #: data (certain)
result = x.grad
""",
    "the body of a function": """
def keep(t): h = t.detach(); return h * 2  #: detached (certain)

x = torch.ones(2, requires_grad=True)
y = keep(x); y = y + 1; result = x.grad; verdict = why_none(y, x)
""",
    "the body of a loop": """
x = torch.ones(2, requires_grad=True)
s = x * 1
for _ in range(2): h = s * 2; s = h.detach()  #: detached (certain)
y = s * 2
result = x.grad
verdict = why_none(y, x)
""",
    "a branch": """
x = torch.ones(2, requires_grad=True)
a = x * 1
if x.sum() > 0: a = x.detach(); b = a * 2  #: detached (certain)
result = x.grad
verdict = why_none(b, x)
""",
    "a name given on the way": """
x = torch.ones(2, requires_grad=True)
if (h := x.detach()) is not None: y = h * 2  #: detached (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "two functions": """
double, keep = lambda t: t * 2, lambda t: t.detach() * 3  #: detached (certain)
x = torch.ones(2, requires_grad=True)
y = keep(double(x))
result = x.grad
verdict = why_none(y, x)
""",
    "of two functions the other": """
double, keep = lambda t: t * 2, lambda t: t.detach() * 3
x = torch.ones(2, requires_grad=True)
y = double(x.data)  #: data (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "a new value for the name": """
w = torch.tensor(1.0, requires_grad=True); loss = w * w
loss.backward(); w = w - 0.1 * w.grad; result = w.grad; verdict = why_none(loss, w)  #: rebound (certain)
""",
    "in a list of verdicts": """
x, z = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
h = x.detach(); y = h * 2 + z  #: detached (certain)
result = x.grad
verdict, other = [why_none(y, p) for p in (x, z)]
""",
    "in a generator": """
x, z = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
h = x.detach()  #: detached (certain)
y = h * 2 + z
result = x.grad
verdict = next(why_none(y, p) for p in (x, z))
""",
    "columns are counted in bytes": """
x = torch.ones(2, requires_grad=True)
größe = "äöüß"; a = x.detach(); b = a * 2; verdict = why_none(b, x)  #: detached (certain)
result = x.grad
""",
}

TENSORFLOW = {
    "two statements": """
v = tf.Variable(2.0)
with tf.GradientTape() as tape: h = tf.stop_gradient(v); y = h * h; z = v * 3.0  #: stop_gradient (certain)
result = tape.gradient(y, v)
verdict = tape.why_none(y, v)
""",
    "the last of two statements counts": """
v, w = tf.Variable(2.0), tf.Variable(3.0)
with tf.GradientTape() as tape:
    h = tf.stop_gradient(v); h = w * 1.0; y = h * h  #: no_path (certain)
result = tape.gradient(y, v)
verdict = tape.why_none(y, v)
""",
    "a new value for the name": """
v = tf.Variable(2.0); v = v + 1.0  #: rebound (certain)
with tf.GradientTape() as tape: y = v * v
result = tape.gradient(y, v); verdict = tape.why_none(y, v)
""",
    "a number": """
v = tf.Variable(2.0); other = tf.Variable(1.0)
with tf.GradientTape() as tape:
    k = float(other); k = float(v); y = other * k  #: python_number (certain)
result = tape.gradient(y, v); verdict = tape.why_none(y, v)
""",
    "watched, then computed from something else": """
x = tf.constant(2.0); v = tf.Variable(1.0)
with tf.GradientTape() as tape:
    tape.watch(x); k = x.numpy(); y = tf.constant(k) * 2.0  #: numpy (certain)
result = tape.gradient(y, x); verdict = tape.why_none(y, x)
""",
    "watched too late": """
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    y = x * x; tape.watch(x)  #: required_later
result = tape.gradient(y, x); verdict = tape.why_none(y, x)
""",
    "watched in time, and not used": """
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    tape.watch(x); y = tf.constant(3.0)  #: no_path
result = tape.gradient(y, x); verdict = tape.why_none(y, x)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_torch(name, tmp_path):
    source, path = PROGRAMS[name], tmp_path / "program.py"
    check(source, path, run(source, path, torch=torch, why_none=dt.why_none))


@pytest.mark.parametrize("name", TENSORFLOW)
def test_tensorflow(name, tmp_path):
    source, path = TENSORFLOW[name], tmp_path / "program.py"
    check(source, path, run(source, path, tf=tf))


def test_without_columns_the_line_is_named_still(tmp_path):
    """`-X no_debug_ranges` leaves code objects without columns."""
    path = tmp_path / "program.py"
    path.write_text(
        textwrap.dedent("""
        import dualtape as dt, dualtape.torch as torch
        x = torch.ones(2, requires_grad=True)
        a = x.detach(); b = a * 2
        print(dt.why_none(b, x))
        """)
    )
    command = [sys.executable, "-X", "no_debug_ranges", str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.startswith("detached:")
    assert f"{path}:4" in out
