"""Parts of a `tf.Variable` that can be assigned to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.tensor import Tensor, wrap
from .hosted import on_numbers
from .raising import dims, kernel_error
from .tensor import EagerTensor, set_edge
from .variable_state import taken

if TYPE_CHECKING:
    from .variable import Variable


class SlicedTensor(EagerTensor):
    """A part of a variable, which can be assigned to: `v[0].assign(3.0)`."""

    __slots__ = ("_index", "_variable")

    _index: Any
    _variable: Variable

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Put a new value into this part of the variable.

        Raises:
            InvalidArgumentError: The value does not broadcast to the part's shape.
        """
        variable = self._variable
        whole = taken(variable)
        new = variable._fitting(value)
        place = tuple(self._index) if isinstance(self._index, (tuple, list)) else self._index

        def changed(whole: Any, new: Any) -> Any:
            out = np.array(whole)
            try:
                out[place] = np.broadcast_to(new, out[place].shape)
            except ValueError:
                raise kernel_error(
                    "ResourceStridedSliceAssign",
                    f"Cannot broadcast input shape {dims(new.shape)} into final shape "
                    f"{dims(out[place].shape)}",
                    name="strided_slice/_assign",
                ) from None
            return out

        out = on_numbers(changed, whole.shape, whole.dtype, whole, new)
        return variable._put(out, read_value)


def assignable(part: EagerTensor, variable: Variable, index: Any) -> EagerTensor:
    """`variable[index]`, which is `part`, as something that can be assigned to; `part` itself for other indices."""
    if not isinstance(index, (int, slice, tuple, list, type(None), type(Ellipsis))):
        return part
    out: SlicedTensor = wrap(SlicedTensor, part.value)  # type: ignore[assignment]
    set_edge(out, Tensor.__dict__["edge"].__get__(part))
    out._index, out._variable = index, variable
    return out


SlicedTensor.result_class = EagerTensor
