"""The base of optimizers: parameter groups, state, hooks, saving and loading.

An update rule computes on the values of the tensors with augmented assignments (`m *= beta`) and returns
what it changed. On arrays these work in place, on NumPy scalars and on values of a transformation they make
new values; storing the result back covers all three with one formula. Large arrays go through the rule in
pieces that stay in the cache, so that its temporaries cost no memory traffic.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from ...core import departures, modes
from ...core.boxes import Box
from ...core.departures import ZEROED, left
from ...core.tensor import wrap
from ...core.tracing import option
from ...core.versions import Version
from ...core.vocabulary import vocabulary
from ...ops.select import maximum
from .._tensor import Tensor
from ..autograd.hooks import RemovableHandle

_hook_number = itertools.count()


class _Required:
    """Stands for a default that must be given."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


_PIECE = 1 << 14  # elements: 64 KB of float32


def put(t: Tensor, value: Any) -> None:
    """Store the value that an update rule made, which may be the tensor's own memory, and note the write."""
    t.value = value
    if t.version is None:
        t.version = Version()
    t.version.bump(5)  # by way of `update` and `step`


def put_value(p: Tensor, new: Any) -> None:
    """Store the new value of a parameter in its memory, if it has any."""
    if isinstance(p.value, np.ndarray) and not isinstance(new, Box):
        p.value[...] = new
        new = p.value
    put(p, new)


def in_pieces(rule: Callable[..., tuple[Any, ...]], *values: Any) -> tuple[Any, ...]:
    """Call an elementwise update rule, piece by piece if the arrays are large.

    Args:
        rule: Takes values of one shape, changes some of them by augmented assignment, and returns all it was
            given, the changed ones as they are now.
        values: Arrays, NumPy scalars or values of a transformation.

    Returns:
        What the rule returned (for arrays: the arrays, which it wrote to).
    """
    first = values[0]
    if first.dtype.kind == "c":
        return _on_parts(rule, values)
    if type(first) is not np.ndarray or first.size <= _PIECE:
        return rule(*values)
    if not all(type(v) is np.ndarray and v.flags.c_contiguous for v in values):
        return rule(*values)
    flat = [v.reshape(-1) for v in values]
    for start in range(0, first.size, _PIECE):
        rule(*[v[start : start + _PIECE] for v in flat])
    return values


def _on_parts(rule: Callable[..., tuple[Any, ...]], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Call a rule on complex arrays as if real and imaginary parts were numbers of their own, as PyTorch does."""
    shape, dtype = values[0].shape, values[0].dtype
    parts = [np.array(v, dtype).reshape(-1).view(dtype.char.lower()) for v in values]
    changed = [v.view(dtype).reshape(shape) for v in rule(*parts)]
    for v, new in zip(values, changed, strict=True):
        if type(v) is np.ndarray:
            v[...] = new
    return tuple(
        [v if type(v) is np.ndarray else new[()] for v, new in zip(values, changed, strict=True)]
    )


def zeros_for(p: Tensor) -> Tensor:
    """A zero tensor of the shape and dtype of a parameter, for state."""
    return wrap(Tensor, np.zeros(p.value.shape, p.value.dtype))  # type: ignore[return-value]


def advanced(state: dict[str, Any]) -> Any:
    """Count a step in a parameter's state and return the number of steps, a float (in compiled code, its stand-in)."""
    step = state["step"]
    step.value = step.value + np.float32(1)
    if isinstance(step.value, Box):
        return vocabulary.cast(step.value, np.dtype(np.float64))
    return float(step.value)


def number(group: dict[str, Any], name: str) -> Any:
    """An option that may change from step to step, a float; in compiled code what stands for it."""
    found = option(group, name)
    return found if isinstance(found, Box) else float(found)


def larger(x: Any, y: Any) -> Any:
    """The larger of two values' elements, in the memory of the first if it has any."""
    return np.maximum(x, y, out=x) if type(x) is np.ndarray else maximum(x, y)


def fitted(x: Any, p: Any) -> Any:
    """A number as a factor of the values `p`: what stands for one gets their dtype, as a Python float would."""
    if not isinstance(x, Box):
        return x
    dtype = p.dtype
    return vocabulary.cast(x, dtype if dtype.kind != "c" else np.dtype(dtype.char.lower()))


_SHORT = {"learning rate": "lr"}


def check_positive(**values: Any) -> None:
    """Raise for a negative option.

    Raises:
        ValueError: An option is negative or NaN.
    """
    for name, value in values.items():
        if isinstance(value, Tensor) and value.value.size != 1:
            raise ValueError(f"Tensor {_SHORT.get(name, name)} must be 1-element")
        if not value >= 0.0:
            raise ValueError(f"Invalid {name}: {value}")


def check_betas(betas: Any) -> None:
    """Raise for decays of averages that are none.

    Raises:
        ValueError: One is not in [0, 1).
    """
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


class Optimizer:
    """Base of all optimizers.

    Args:
        params: Parameters, named parameters, or dicts that are parameter groups.
        defaults: Options for groups that do not give their own.

    Raises:
        ValueError: No parameters; or a parameter in two groups.
        TypeError: Something that is not a tensor.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{params.type()}"
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._pre_hooks: dict[int, Callable[..., Any]] = {}
        self._post_hooks: dict[int, Callable[..., Any]] = {}
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: a dict with `params` and options of its own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        params = group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        params = list(params)
        if params and isinstance(params[0], tuple):
            group["param_names"] = [n for n, _ in params]
            params = [p for _, p in params]
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}"
                )
            if not p.is_leaf and not p.retains_grad:
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            group.setdefault(name, default)
        if self.param_groups and ("param_names" in group) != (
            "param_names" in self.param_groups[0]
        ):
            current = "with names" if "param_names" in group else "without names"
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{current} to the optimizer"
            )
        taken = {id(p) for g in self.param_groups for p in g["params"]}
        if any(id(p) in taken for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        group["params"] = params
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop (or zero) the gradients of all parameters."""
        dropped = False
        for group in self.param_groups:
            for p in group["params"]:
                leaf = p.leaf
                if leaf is None or leaf.grad is None:
                    continue
                if set_to_none:
                    leaf.grad = None
                    dropped = True
                else:
                    leaf.grad = wrap(Tensor, vocabulary.zeros_like(leaf.grad.value))
        if dropped:
            left(ZEROED, self)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters from their gradients.

        Args:
            closure: Computes the loss again with gradients; its value is returned.
        """
        if self._pre_hooks:
            for hook in list(self._pre_hooks.values()):
                hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with modes.switched(off=modes.NO_GRAD):
                loss = closure()
        any_ready = False
        for group in self.param_groups:
            ready = [p for p in group["params"] if p.leaf is not None and p.leaf.grad is not None]
            if ready:
                any_ready = True
                self.update(group, ready)
        if not any_ready:  # PyTorch says nothing here
            for watcher in departures.watchers:
                watcher.stepped(self)
        if self._post_hooks:
            for hook in list(self._post_hooks.values()):
                hook(self, (closure,), {})
        return loss

    def update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """Apply the rule to the parameters of a group that have gradients."""
        raise NotImplementedError

    @staticmethod
    def gradient(group: dict[str, Any], p: Tensor) -> Any:
        """The gradient's value, negated for `maximize`, with L2 `weight_decay` added; never to be written to."""
        g = p.leaf.grad.value  # type: ignore[union-attr]
        if group["maximize"]:
            g = -g
        decay = group["weight_decay"]
        return g + decay * p.value if decay else g

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step."""
        number = next(_hook_number)
        self._pre_hooks[number] = hook
        return RemovableHandle(self._pre_hooks, number)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        number = next(_hook_number)
        self._post_hooks[number] = hook
        return RemovableHandle(self._post_hooks, number)

    def state_dict(self) -> dict[str, Any]:
        """State and options, with parameters replaced by numbers."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {numbers[id(p)] if isinstance(p, Tensor) else p: s for p, s in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` gave.

        Raises:
            ValueError: The groups differ.
        """
        saved = deepcopy(state_dict)
        if len(saved["param_groups"]) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(a["params"]) != len(b["params"])
            for a, b in zip(saved["param_groups"], self.param_groups, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        own = list(itertools.chain.from_iterable(g["params"] for g in self.param_groups))
        numbers = list(itertools.chain.from_iterable(g["params"] for g in saved["param_groups"]))
        by_number = dict(zip(numbers, own, strict=True))
        self.state = defaultdict(dict)
        for key, value in saved["state"].items():
            self.state[by_number.get(key, key)] = value
        for group, old in zip(self.param_groups, saved["param_groups"], strict=True):
            group.update({k: v for k, v in old.items() if k != "params"})

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_pre_hooks", {})
        self.__dict__.setdefault("_post_hooks", {})

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {k}: {group[k]}\n" for k in sorted(group) if k != "params")
        return text + ")"


Params = Iterable[Any]
