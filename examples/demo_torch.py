"""Gradients and a small trained network, written for PyTorch: nothing here knows of dualtape.

Run it on dualtape with `dualtape run examples/demo_torch.py`; on PyTorch with `python`.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

# Gradients of any order: f(x) = x^3 + 2x at x = 3.
x = torch.tensor(3.0, requires_grad=True)
f = x**3 + 2 * x
(first,) = torch.autograd.grad(f, x, create_graph=True)
(second,) = torch.autograd.grad(first, x)
print("f(3)   =", f)
print("f'(3)  =", first.item(), " by hand: 3 * 9 + 2")
print("f''(3) =", second.item(), " by hand: 6 * 3")

# The gradient of a quadratic form is (A + A^T) v.
A = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
v = torch.tensor([1.0, -1.0], requires_grad=True)
(v @ A @ v).backward()
print("gradient of v @ A @ v =", v.grad)

# A network that learns a spiral: two arms, two classes.
torch.manual_seed(0)
angle = torch.rand(400) * 6.0
arm = (torch.arange(400) % 2).float()
radius = 0.2 + angle / 6.0
turn = angle + torch.pi * arm
points = torch.stack([radius * torch.cos(turn), radius * torch.sin(turn)], dim=1)
points = points + 0.03 * torch.randn(400, 2)
labels = arm.unsqueeze(1)

model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
loss_function = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
batches = DataLoader(TensorDataset(points, labels), batch_size=50, shuffle=True)

progress = tqdm(range(100), desc="training", unit="epoch")
for _epoch in progress:
    for batch, target in batches:
        optimizer.zero_grad()
        loss = loss_function(model(batch), target)
        loss.backward()
        optimizer.step()
    progress.set_postfix(loss=f"{loss.item():.4f}")

model.eval()
with torch.no_grad():
    right = (model(points) > 0) == (labels > 0.5)
print(model)
print(f"training accuracy: {right.float().mean().item():.1%}")
