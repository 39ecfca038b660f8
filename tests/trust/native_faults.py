"""Faulty programs in NumPy's style, each with the lines that its error has to name.

The marks are those of `torch_faults`.
"""

FAULTS = {
    "written into a plain array": """
def f(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2  #: raised
    return out.sum()

dt.grad(f)(np.ones(3))
""",
    "a plain array as out": """
def f(x):
    out = np.zeros(3)
    np.multiply(x, 2.0, out=out)  #: raised
    return out.sum()

dt.grad(f)(np.ones(3))
""",
    "a slice of a plain array": """
def fill(out, x):
    out[1:] = x[:-1]  #: raised

def f(x):
    out = np.ones(3)
    fill(out, x)
    return (out * x).sum()

dt.grad(f)(np.ones(3))
""",
    "a plain array from a list of traced numbers": """
def f(x):
    rows = np.array([x[0], x[1]], dtype=float)  #: raised
    return rows.sum()

dt.grad(f)(np.ones(2))
""",
    "an argument overwritten": """
def f(x):
    x += 1.0  #: raised
    return (x * x).sum()

dt.grad(f)(np.ones(3))
""",
    "an argument written to by index": """
def normalise(x):
    x[0] = 0.0  #: raised
    return x / x.sum()

dt.grad(lambda x: normalise(x)[1])(np.ones(3))
""",
    "float() where the derivative would be lost": """
def f(x):
    scale = float(np.sum(x))  #: raised
    return scale * 2.0

dt.grad(f)(np.ones(3))
""",
    "math in place of NumPy": """
import math

def f(x):
    return math.sin(x) * 2.0  #: raised

dt.grad(f)(1.0)
""",
    "a number per example": """
def f(x):
    return x * float(x)  #: raised

dt.vmap(f)(np.ones(3))
""",
    "a random number per batch": """
def noisy(x):
    return x + np.random.normal()  #: perhaps at

dt.vmap(noisy)(np.ones(3))  #: raised
""",
    "a branch on a batch": """
def f(x):
    if x > 0:  #: raised
        return x
    return -x

dt.vmap(f)(np.ones(3))
""",
    "a branch on a traced value": """
def f(x):
    while np.sum(x) < 10:  #: at
        x = x * 2
    return x

dt.jit(f, strict=True)(np.ones(3))  #: raised
""",
    "a large constant overwritten": """
w = np.ones(100_000)

def f(x):
    y = np.sum(w * x)  #: at
    w[0] = 2.0
    return y

dt.grad(f)(np.ones(100_000))  #: raised
""",
    "a pullback kept, the constant overwritten": """
w = np.ones(100_000)
y, pull = dt.vjp(lambda x: np.sum(w * x * x), np.ones(100_000))  #: at
w *= 2
pull(1.0)  #: raised
""",
    "an output that is no number": """
def f(x):
    return x * 2.0

dt.grad(f)(np.ones(3))  #: raised
""",
    "an argument that is no number": """
def f(n):
    return n * 2.0

dt.grad(f)(3)  #: raised
""",
    "an exception in a custom vjp": """
@dt.custom_rule
def cube(x):
    return x ** 3

def forward(x):
    return x ** 3, x

def back(x, ct):
    return (ct * [][0],)  #: raised

cube.defvjp(forward, back)

def f(x):
    h = np.sin(x)
    y = cube(h)  #: recorded at
    return y * 2.0

cube.checked = True
dt.grad(f)(1.0)
""",
    "too few cotangents": """
mul = dt.custom_rule(lambda a, b: a * b, vjp=lambda out, args, ct: (ct * args[1],), check=False)

def f(a, b):
    return np.sum(mul(a, b))  #: recorded at

dt.grad(f, argnums=(0, 1))(np.ones(2), np.ones(2))  #: raised
""",
    "a cotangent of another shape": """
double = dt.custom_rule(lambda a: a * 2, vjp=lambda out, args, ct: (np.ones(5),), check=False)

def f(a):
    h = double(a)  #: recorded at
    return np.sum(h)

dt.grad(f)(np.ones(2))  #: raised
""",
    "a rule that is wrong": """
square = dt.custom_rule(lambda a: a * a, vjp=lambda out, args, ct: (3 * args[0] * ct,))

def f(a):
    return np.sum(square(a))  #: raised

dt.grad(f)(np.ones(2))
""",
    "an exception in a custom jvp, in reverse": """
def slope(out, args, dots):
    raise LookupError("no slope")  #: raised

steep = dt.custom_rule(lambda a: a * 2, jvp=slope, check=False)

def f(a):
    return np.sum(steep(a))  #: recorded at

dt.grad(f)(np.ones(2))
""",
    "a checkpoint that computes something else": """
shapes = [3]

@dt.checkpoint
def block(x):
    return np.ones((shapes[0], 2)) * x  #: raised #: recorded at

def f(x):
    y = np.sum(block(x))
    shapes[0] = 4
    return y

dt.grad(f)(np.ones((3, 2)))
""",
    "a value that outlived its batch": """
kept = []

def f(x):
    kept.append(x * 2)
    return x

dt.vmap(f)(np.ones(3))
kept[0] + 1.0  #: raised
""",
    "a carry that changes its shape": """
def body(i, x):
    return np.append(x, 1.0)

dt.grad(lambda x: np.sum(dt.fori_loop(0, 3, body, x)))(np.ones(2))  #: raised
""",
    "branches that differ": """
def f(x):
    return np.sum(dt.cond(x[0] > 0, lambda x: x, lambda x: x[:1], x))  #: at

dt.jit(f, strict=True)(np.ones(2))  #: raised
""",
    "shapes that do not fit": """
def model(w, x):
    return np.tanh(x @ w)  #: raised

def loss(w, x):
    return np.sum(model(w, x))

dt.grad(loss)(np.ones((3, 2)), np.ones((4, 5)))
""",
    "a tangent of another shape": """
dt.jvp(np.sin, (np.ones(3),), (np.ones(2),))  #: raised
""",
}
