"""Faulty programs in PyTorch's style, each with the lines that its error has to name.

A comment `#: words` on a line says that the error (its message and notes) must hold those words followed,
on the same line of the text, by this file and line. `#: raised` is the line where the exception leaves the
program's own code.
"""

FAULTS = {
    "exp overwritten by +=": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x.exp()  #: saved at
y += 1  #: overwritten at
y.sum().backward()  #: raised
""",
    "factor overwritten": """
x = torch.ones(2, requires_grad=True)
w = torch.full((2,), 3.0)
y = x * w  #: saved at
w.mul_(2)  #: overwritten at
y.sum().backward()  #: raised
""",
    "sigmoid zeroed": """
x = torch.ones(2, requires_grad=True)
gate = torch.sigmoid(x)  #: saved at
loss = gate.sum()
gate.zero_()  #: overwritten at
loss.backward()  #: raised
""",
    "overwritten through a view": """
x = torch.ones(3, requires_grad=True)
y = torch.tanh(x)  #: saved at
first = y[0]
z = y * 2
first.fill_(5.0)  #: overwritten at
z.sum().backward()  #: raised
""",
    "overwritten through detach()": """
x = torch.ones(3, requires_grad=True)
y = x.sqrt()  #: saved at
same = y.detach()
same.add_(1)  #: overwritten at
y.sum().backward()  #: raised
""",
    "an element assigned": """
x = torch.rand(4, requires_grad=True) + 1
h = x ** 2
y = h * h  #: saved at
h[0] = 0.0  #: overwritten at
y.sum().backward()  #: raised
""",
    "copy_ into a matrix that was multiplied": """
a = torch.rand(2, 2)
x = torch.rand(2, 2, requires_grad=True)
y = a @ x  #: saved at
a.copy_(torch.eye(2))  #: overwritten at
y.sum().backward()  #: raised
""",
    "optimizer stepped between forward and backward": """
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.rand(4, 2)
first = model(data).sum()
second = model(data).pow(2).sum()  #: saved at
first.backward(retain_graph=True)
opt.step()  #: overwritten at
second.backward()  #: raised
""",
    "weights updated by hand before the second loss": """
w = torch.ones(2, requires_grad=True)
x = torch.rand(2, requires_grad=True)
a = (w * x).sum()
b = (w * x * 2).sum()  #: saved at
a.backward()
with torch.no_grad():
    w -= 0.1 * w.grad  #: overwritten at
b.backward()  #: raised
""",
    "overwritten inside a helper": """
def normalise(t):
    t /= t.sum()  #: overwritten at
    return t

def loss_of(x):
    e = x.exp()  #: saved at
    return (normalise(e) * x).sum()

x = torch.rand(3, requires_grad=True)
loss_of(x).backward()  #: raised
""",
    "two lines of one loop": """
x = torch.ones(2, requires_grad=True)
state = x * 1
total = 0.0
for _ in range(3):
    total = total + (state * state).sum()  #: saved at
    state.mul_(0.5)  #: overwritten at
total.backward()  #: raised
""",
    "a residual of a hand-written function overwritten": """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors  #: raised
        return 2 * x * g

x = torch.ones(2, requires_grad=True)
h = x * 1
y = Square.apply(h)  #: saved at
h.add_(1)  #: overwritten at
y.sum().backward()
""",
    "backward twice": """
x = torch.ones(2, requires_grad=True)
y = (x * x).sum()  #: built at
y.backward()  #: freed by the pass at
y.backward()  #: raised
""",
    "two losses on one trunk": """
x = torch.ones(2, requires_grad=True)
h = x.exp()  #: built at
one = h.sum()
two = (h * 2).sum()
one.backward()  #: freed by the pass at
two.backward()  #: raised
""",
    "grad, then backward": """
x = torch.tensor(2.0, requires_grad=True)
y = x ** 3  #: built at
g, = torch.autograd.grad(y, x)  #: freed by the pass at
y.backward()  #: raised
""",
    "state carried over steps without detach": """
w = torch.tensor(0.5, requires_grad=True)
state = torch.tensor(1.0)
for step in range(2):
    state = torch.tanh(w * state)  #: built at
    loss = state ** 2
    loss.backward()  #: freed by the pass at
""",
    "total loss pulled back in the loop": """
w = torch.tensor(0.5, requires_grad=True)
total = 0.0
for x in (1.0, 2.0):
    error = w * x - 1
    total = total + error * error  #: built at
    total.backward()  #: freed by the pass at
""",
    "saved tensors asked for after the pass": """
class Keep(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2
    @staticmethod
    def backward(ctx, g):
        ctx.saved_tensors
        return g * 2

x = torch.ones(1, requires_grad=True)
y = Keep.apply(x)  #: built at
y.backward()  #: freed by the pass at
y.backward()  #: raised
""",
    "an exception in a hand-written backward": """
class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        return g * (1 // 0)  #: raised

x = torch.ones(1, requires_grad=True)
h = x * 3
y = Broken.apply(h)  #: recorded at
(y * 2).backward()
""",
    "too many gradients returned": """
class Two(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        return g, g

x = torch.ones(1, requires_grad=True)
y = Two.apply(x)  #: recorded at
y.backward()  #: raised
""",
    "a gradient of another type returned": """
class Number(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        return 1.0

x = torch.ones(1, requires_grad=True)
y = Number.apply(x)  #: recorded at
y.backward()  #: raised
""",
    "a gradient of another shape returned": """
class Wide(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, g):
        return torch.ones(5)

x = torch.ones(2, requires_grad=True)
y = Wide.apply(x)  #: recorded at
y.sum().backward()  #: raised
""",
    "a hook that raises": """
def complain(g):
    raise KeyError("no such thing")  #: raised

x = torch.ones(2, requires_grad=True)
h = x.exp()  #: recorded at
h.register_hook(complain)
h.sum().backward()
""",
    "NaN in anomaly mode": """
x = torch.zeros(2, requires_grad=True)
y = torch.sqrt(x) * 0  #: run at
with torch.autograd.set_detect_anomaly(True):
    y.sum().backward()  #: raised
""",
    "a once-differentiable backward differentiated": """
class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 3 * x * x * g

x = torch.tensor(2.0, requires_grad=True)
y = Once.apply(x) ** 2
g, = torch.autograd.grad(y, x, create_graph=True)  #: recorded at
g.backward()  #: raised
""",
}
