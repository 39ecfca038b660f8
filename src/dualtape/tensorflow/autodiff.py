"""`tf.autodiff.ForwardAccumulator`: Jacobian-vector products.

The accumulator watches its primals as a tape does. The pullback ct -> J^T ct is linear in ct, so that its own
derivative in the direction of the tangents is J v: two backward passes and no forward-mode values that could
outlive the context (Townsend, "A new trick for calculating Jacobian vector products", 2017; TensorFlow's
implementation does the same per operation).
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from ..core.graph import AccumulateGrad
from ..core.tensor import Tensor, wrap
from . import nest
from .convert import as_tensor
from .cotangents import checked_sources, wants_zeros, zeros_for
from .enums import UnconnectedGradients
from .indexed_slices import as_dense
from .recording import recording
from .tape import GradientTape
from .tensor import EagerTensor


class ForwardAccumulator:
    """Computes the derivative of what is computed in its context, in a given direction.

    Args:
        primals: Tensors or variables, nested.
        tangents: The direction: a tensor for each primal, of its shape and dtype.

    Raises:
        ValueError: The structures, shapes or dtypes differ, or a primal is given twice.
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        nest.assert_same_structure(primals, tangents)
        self._primals = checked_sources(primals)
        self._tangents = [as_tensor(t) for t in nest.flatten(tangents)]
        seen = {id(p) for p in self._primals}
        if len(seen) != len(self._primals):
            raise ValueError(
                "Tensor(s) were passed more than once as primals of a ForwardAccumulator. When perturbing "
                "multiple inputs with respect to the same tensor, add their tangents."
            )
        for p, t in zip(self._primals, self._tangents, strict=True):
            value = as_tensor(p).value
            if tuple(value.shape) != tuple(t.value.shape):
                raise ValueError(f"Shapes of primal and tangent differ: {p.shape} and {t.shape}")
            if value.dtype != t.value.dtype:
                raise ValueError(
                    f"Dtypes of primal and tangent differ: {p.dtype!r} and {t.dtype!r}"
                )
        self._tape = GradientTape(persistent=True, watch_accessed_variables=False)

    def __enter__(self) -> ForwardAccumulator:
        self._tape.__enter__()
        self._tape.watch(self._primals)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tape.__exit__(kind, error, trace)

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """Return the derivative of each of `primals` in the direction of the tangents.

        Args:
            primals: What was computed in the context, nested.
            unconnected_gradients: What an independent one gets: None or zeros.

        Raises:
            ValueError: The context was never entered, or an unknown `unconnected_gradients`.
        """
        if not self._tape.began:
            raise ValueError("Called jvp() without first tracing anything.")
        zero = wants_zeros(unconnected_gradients)

        def one(x: Any) -> Any:
            found = self._jvp(x)
            return zeros_for(x) if found is None and zero else found

        return nest.map_structure(one, primals)

    def _jvp(self, x: Any) -> EagerTensor | None:
        edge = self._tape.target_edge(x) if isinstance(x, Tensor) else self._tape.edge_of(x)
        if edge is None:
            return None
        wanted = [self._tape.edge_of(p) for p in self._primals]
        return pushed(self._tape, edge, wanted, self._tangents)


def pushed(
    tape: GradientTape, edge: Any, wanted: list[Any], tangents: list[EagerTensor]
) -> EagerTensor | None:
    """The derivative at `edge` in the direction `tangents` of `wanted`; None where it depends on none.

    Raises:
        InvalidArgumentError: As the operations of the pass.
    """
    zeros = np.zeros(edge.shape, edge.dtype)[()]
    transposed = GradientTape(persistent=True, watch_accessed_variables=False)
    with transposed:
        ct = wrap(Tensor, zeros)
        ct.edge = AccumulateGrad(ct)
        transposed.watched[-id(ct)] = (ct, ct.edge)
        pulled = tape.pull([(edge, ct)], wanted, last=False)
    if all(g is None for g in pulled):
        return None
    graph = bool(recording().tapes)
    roots = []
    for g, t in zip(pulled, tangents, strict=True):
        own = None if g is None else transposed.edge_of(as_dense(g))
        if own is not None:
            roots.append((own, wrap(Tensor, t.value, t.edge) if graph else t.value))
    (out,) = transposed.pull(roots, [ct.edge], last=False)
    return wrap(EagerTensor, zeros) if out is None else out  # type: ignore[return-value]
