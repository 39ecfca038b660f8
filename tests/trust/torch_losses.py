"""Programs in PyTorch's style whose gradient is None; the line to blame is marked with the cause.

Each leaves the gradient in `result` and ends by asking the doctor. `#: cause` marks the line of the verdict;
`#: cause (certain)` demands that the recording shows it.
"""

LOSSES = {
    "integer": """
x = torch.tensor([1, 2])  #: integer (certain)
y = (x * 2.0).sum()
result = x.grad
verdict = why_none(y, x)
""",
    "boolean": """
x = torch.tensor([True, False])  #: boolean (certain)
y = (x * 2.0).sum()
result = x.grad
verdict = why_none(y, x)
""",
    "left through NumPy": """
import numpy as np
x = torch.tensor([1.0, 2.0], requires_grad=True)
a = np.sin(x.detach().numpy())  #: numpy (certain)
y = torch.from_numpy(a).sum()
result = x.grad
verdict = why_none(y, x)
""",
    "left through NumPy, in a helper": """
import numpy as np
def smooth(t):
    a = t.detach().numpy()  #: numpy (certain)
    return torch.tensor(np.convolve(a, np.ones(2) / 2))

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = smooth(x * 2).sum()
result = x.grad
verdict = why_none(y, x)
""",
    "a Python number": """
x = torch.tensor(2.0, requires_grad=True)
h = x * 3
scale = h.item()  #: python_number (certain)
y = torch.ones(2).sum() * scale
result = x.grad
verdict = why_none(y, x)
""",
    "float()": """
x = torch.tensor(2.0, requires_grad=True)
y = torch.tensor(3.0) * float(x * 2)  #: python_number (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "math": """
import math
x = torch.tensor(2.0, requires_grad=True)
y = torch.tensor(1.0) * math.sin(x)  #: python_number (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "tolist()": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
total = 0.0
for value in (x * 2).tolist():  #: python_number (certain)
    total += value
y = torch.tensor(total)
result = x.grad
verdict = why_none(y, x)
""",
    "detached": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = (x * 2).detach()  #: detached (certain)
y = h.sum()
result = x.grad
verdict = why_none(y, x)
""",
    "detached inside a model": """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 2)
        self.last = torch.nn.Linear(2, 1)

    def features(self, x):
        return torch.tanh(self.first(x)).detach()  #: detached (certain)

    def forward(self, x):
        return self.last(self.features(x))

net = Net()
loss = net(torch.ones(3, 2)).pow(2).mean()
loss.backward()
result = net.first.weight.grad
verdict = why_none(loss, net.first.weight)
""",
    "detached in a loop": """
x = torch.tensor(1.5, requires_grad=True)
state = x * 1.0
for step in range(4):
    state = torch.tanh(state)
    state = state.detach()  #: detached (certain)
y = state * 2
result = x.grad
verdict = why_none(y, x)
""",
    "data": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x.data * 2).sum()  #: data (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "copied by torch.tensor": """
x = torch.tensor(1.0, requires_grad=True)
z = torch.tensor(2.0, requires_grad=True)
h = x * 2
both = torch.tensor([h, 1.0])  #: constant
y = (both * z).sum()
y.backward()
result = x.grad
verdict = why_none(y, x)
""",
    "no_grad": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    h = x * 2  #: no_grad
y = h.sum()
result = x.grad
verdict = why_none(y, x)
""",
    "a function under no_grad": """
@torch.no_grad()
def encode(t):
    return t * 2  #: no_grad

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = encode(x).sum()
result = x.grad
verdict = why_none(y, x)
""",
    "inference mode": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.inference_mode():
    h = x * 2  #: no_grad
y = h.sum()
result = x.grad
verdict = why_none(y, x)
""",
    "argmax": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
best = torch.argmax(x)  #: not_differentiable
y = best.float() * 2
result = x.grad
verdict = why_none(y, x)
""",
    "a comparison": """
def accuracy(scores, labels):
    hit = scores > 0.5  #: not_differentiable
    return (hit.float() * labels).mean()

x = torch.tensor([0.2, 0.8], requires_grad=True)
y = accuracy(x, torch.ones(2))
result = x.grad
verdict = why_none(y, x)
""",
    "converted to integers": """
x = torch.tensor([0.2, 0.8], requires_grad=True)
index = (x * 10).long()  #: integer
y = torch.arange(10.0)[index].sum()
result = x.grad
verdict = why_none(y, x)
""",
    "rebound": """
w = torch.tensor(1.0, requires_grad=True)
for step in range(2):
    loss = (w * 3 - 1) ** 2
    if step == 0:
        loss.backward()
        w = w - 0.1 * w.grad  #: rebound (certain)
result = w.grad
verdict = why_none(loss, w)
""",
    "rebound under no_grad": """
w = torch.tensor(1.0, requires_grad=True)
loss = (w * 3 - 1) ** 2
loss.backward()
with torch.no_grad():
    w = w - 0.1 * w.grad  #: rebound (certain)
result = w.grad
verdict = why_none(loss, w)
""",
    "not a leaf": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = x * 2  #: not_leaf (certain)
y = h.sum()
y.backward()
result = h.grad
verdict = why_none(y, h)
""",
    "not a leaf after all": """
w = torch.randn(3, requires_grad=True).double()  #: not_leaf (certain)
y = (w * w).sum()
y.backward()
result = w.grad
verdict = why_none(y, w)
""",
    "requires_grad never set": """
x = torch.tensor([1.0, 2.0])  #: not_required (certain)
w = torch.ones(2, requires_grad=True)
y = (w * x).sum()
y.backward()
result = x.grad
verdict = why_none(y, x)
""",
    "x itself is detached": """
w = torch.ones(2, requires_grad=True)
x = (w * 2).detach()  #: detached (certain)
y = (w * x).sum()
y.backward()
result = x.grad
verdict = why_none(y, x)
""",
    "requires_grad set later": """
x = torch.tensor([1.0, 2.0])
w = torch.ones(2, requires_grad=True)
y = (w * x).sum()
x.requires_grad_()  #: required_later (certain)
y.backward()
result = x.grad
verdict = why_none(y, x)
""",
    "requires_grad set later, nothing else recorded": """
x = torch.tensor([1.0, 2.0])
y = (x * 2).sum()
x.requires_grad = True  #: required_later
result = x.grad
verdict = why_none(y, x)
""",
    "graph used up by autograd.grad": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()
g, = torch.autograd.grad(y, x)  #: graph_freed (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "no backward": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()  #: no_backward (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "zeroed by an optimizer": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
opt = torch.optim.SGD([x], lr=0.1)
y = (x * x).sum()
y.backward()
opt.step()
opt.zero_grad()  #: zeroed (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "zeroed by a module": """
net = torch.nn.Linear(2, 1)
y = net(torch.ones(2)).sum()
y.backward()
net.zero_grad()  #: zeroed (certain)
result = net.weight.grad
verdict = why_none(y, net.weight)
""",
    "grad set to None": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()
y.backward()
x.grad = None  #: zeroed (certain)
result = x.grad
verdict = why_none(y, x)
""",
    "a function returned None": """
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, s):
        return x * s

    @staticmethod
    def backward(ctx, g):
        return g, None  #: returned_none (certain)

s = torch.tensor(3.0, requires_grad=True)
x = torch.ones(2, requires_grad=True)
y = Scale.apply(x, s).sum()
y.backward()
result = s.grad
verdict = why_none(y, s)
""",
    "no path": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
z = torch.tensor([1.0, 2.0], requires_grad=True)
h = x * 2
y = (z * z).sum()  #: no_path (certain)
y.backward()
result = x.grad
verdict = why_none(y, x)
""",
    "a part of the model that is not used": """
net = torch.nn.ModuleDict({"used": torch.nn.Linear(2, 1), "idle": torch.nn.Linear(2, 1)})
loss = net["used"](torch.ones(2)).sum()  #: no_path (certain)
loss.backward()
result = net["idle"].weight.grad
verdict = why_none(loss, net["idle"].weight)
""",
    "numbers in between do not matter": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
z = torch.tensor([1.0, 2.0], requires_grad=True)
log = []
other = (x * x).sum()
log.append(other.item())
y = (z * z).sum()  #: no_path (certain)
y.backward()
log.append(y.item())
result = x.grad
verdict = why_none(y, x)
""",
}
