"""Python calls per recorded operation, counted with a profiler hook (C functions count too)."""

from __future__ import annotations

import sys


def count(function, operations):
    """Calls made by `function()`, per operation."""
    calls = 0

    def hook(frame, event, arg):
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    function()
    sys.setprofile(hook)
    try:
        function()
    finally:
        sys.setprofile(None)
    return (calls - 2) / operations


def calls_per_operation():
    """The table of call counts."""
    import dualtape.torch as torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0])
    cases = {
        "x * y": lambda: x * y,
        "x + 2.0": lambda: x + 2.0,
        "x ** 2": lambda: x**2,
        "torch.sin(x)": lambda: torch.sin(x),
        "x.sum()": lambda: x.sum(),
        "x @ y": lambda: x @ y,
    }
    rows = ["", "| recorded operation | Python calls | at most |", "|---|---|---|"]
    rows += [f"| `{name}` | {count(f, 1):.0f} | 15 |" for name, f in cases.items()]

    def chain():
        z = x
        for _ in range(100):
            z = z * y
        z.backward(y)

    rows.append(f"| one link of a chain, forward and backward | {count(chain, 100):.1f} | |")
    return rows


if __name__ == "__main__":
    print("\n".join(calls_per_operation()))
