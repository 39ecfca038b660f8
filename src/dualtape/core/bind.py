"""The door: what happens when a primitive is called on tensors.

`bind` computes the result from the operands' values and, if some operand needs a gradient, records a
node. It exists three times: for one and for two operands, which nearly all calls are and where every
Python call counts, and for the rest. All three end in the same node.
"""

from __future__ import annotations

import weakref
from types import MethodType
from typing import Any

import numpy as np

from .adapted import own_copy
from .boxes import Box, Interpreter, open_trace, top_interpreter
from .callsite import NOWHERE, caller, getframe, latest
from .conform import unfit
from .forward import pushed_straight
from .modes import AROUND, BOXED, NO_GRAD, OBSERVED, TIMED, UNUSUAL, current, next_order, set_mode
from .observation import tell, timed
from .primitive import Primitive
from .pullback import node_class
from .recording import class_of_results, is_own, kept, kept_outside, record
from .residuals import SavedOutput
from .saved import look_at
from .tensor import Tensor, boxed, is_outer, new, wrap
from .value import Value
from .versions import Version
from .views import connect, register, shares_memory
from .watched import guarded


class NaryPrimitive(Primitive):
    """A primitive of any number of operands and outputs."""

    def __call__(self, *operands: Any, **params: Any) -> Any:
        """Compute on arrays, boxes or tensors: NumPy's call, a transformation's, or a recorded one."""
        for x in operands:
            if isinstance(x, Value):
                if not current() & BOXED and all([isinstance(y, Tensor) for y in operands]):  # noqa: C419 - faster for few
                    return self.bind(*operands, **params)
                return self.call_values(operands, params)
        if current() & BOXED and open_trace.get() is not None:
            return self.process(operands, params)
        try:
            return self.eval(*operands, **params)
        except Exception as error:
            raise unfit(self, operands, params, error) from error

    def call_values(self, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute where some operand is a tensor or a box."""
        top = top_interpreter(operands) if current() & BOXED else None
        cls = None
        for x in operands:
            if isinstance(x, Tensor):
                if top is not None and not is_own(x, top.level):
                    continue
                cls = x.result_class if cls is None or cls is Tensor else cls
        if cls is None:
            if (
                top is not None
                and top is open_trace.get()
                and all(isinstance(x, Tensor) for x in operands)
            ):
                return self.bind(
                    *operands, **params
                )  # a program's own tensors, of before the trace was opened
            return self.process(operands, params)
        tensors = tuple(
            x
            if isinstance(x, Tensor)
            else wrap(cls, x)
            if isinstance(x, Box)
            else guarded(cls, np.asarray(x))
            for x in operands
        )
        return self.bind(*tensors, **params)

    def process(self, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Compute on values below the tensor layer while a transformation is open."""
        top = top_interpreter(values)
        if top is not None:
            return top.process(self, values, params)
        for x in values:
            if isinstance(x, Tensor):
                return self(*values, **params)
        return self.eval(*values, **params)

    def bind(self, *tensors: Tensor, **params: Any) -> Any:
        """Compute on tensors, recording a node when one of them needs a gradient."""
        mode = current()
        count = len(tensors)
        if mode & UNUSUAL:
            return self.bind_unusual(tensors, params, mode)
        values = [x.value for x in tensors]
        if self.view and type(values[0]) is not np.ndarray and tensors[0].mutable:
            values[0] = tensors[0].buffer()  # a NumPy scalar has no memory to share
        try:
            out = self.eval(*values, **params)
        except Exception as error:
            raise unfit(self, values, params, error) from error
        edges = tuple([x.edge if x.view_of is None else x.current_edge() for x in tensors])
        mask = 0
        if not mode & NO_GRAD and self.kind != "constant":
            for i in range(count):
                if edges[i] is not None:
                    mask |= 1 << i
        cls = tensors[0].result_class if tensors else Tensor
        result = record(self, tensors, params, edges, mask, out, cls, 0)
        if self.view and cls.mutable and shares_memory(out, values[0]):
            connect(result, tensors[0], self, params)
        return result

    def bind_unusual(self, tensors: tuple[Tensor, ...], params: dict[str, Any], mode: int) -> Any:
        """`bind` inside a transformation, in inference mode or under hooks on what is saved."""
        if mode & TIMED:
            return timed(self.name, self.bind, tensors, params)
        if mode & BOXED:
            result = self.bind_boxed(tensors, params)
        else:
            set_mode(mode & ~AROUND)
            try:
                result = self.bind(*tensors, **params)
            finally:
                set_mode(mode)
        if mode & AROUND:
            results = result if self.outputs != 1 else (result,)
            look_at(results, mode)
            if mode & OBSERVED:
                tell(self, tensors, params, results)
        return result

    def bind_boxed(self, tensors: tuple[Tensor, ...], params: dict[str, Any]) -> Any:
        """`bind` while a transformation is open (NOTE [levels] in `boxes`)."""
        trace = open_trace.get()
        if trace is not None:
            trace.meet(tensors)
        elif self.straight:
            cls = tensors[0].result_class
            pushed = pushed_straight(
                self, tensors, params, cls if cls is not Tensor else class_of_results(tensors)
            )
            if pushed is not None:
                return pushed
        values: Any = []
        edges: Any = []
        mask = depth = 0
        bit = 1
        for x in tensors:
            values.append(x.value)
            e = x.edge if x.view_of is None else x.current_edge()
            edges.append(e)
            if e is not None:
                mask |= bit
                if e.level > depth:
                    depth = e.level
            bit += bit
        top = top_interpreter(values)
        if not mask and self.outputs == 1 and not self.view:
            return self.bind_unrecorded(tensors, values, top, params)
        level: float = depth if top is None or top.level < depth else top.level
        if current() & NO_GRAD or self.kind == "constant":
            mask = 0
        # The owner of a residual that lies outside must give the whole tensor, not its value.
        owners = tensors
        if mask:
            sources = self.plan(mask, len(tensors)).sources
            owners = tuple([kept(x) if i in sources else x for i, x in enumerate(tensors)])
        within = True
        for i, e in enumerate(edges):
            if e is not None and e.level < level:
                within = False
                mask &= ~(1 << i)
        if not within:
            outer = [is_outer(x, level) for x in tensors]
            values = tuple([x if o else v for x, v, o in zip(tensors, values, outer, strict=True)])
            owners = tuple(
                [
                    kept_outside(x, y) if o else y
                    for x, y, o in zip(tensors, owners, outer, strict=True)
                ]
            )
            edges = tuple([None if o else e for e, o in zip(edges, outer, strict=True)])
            depth = max([e.level for e in edges if e is not None], default=0)
        if top is not None:
            out = top.process(self, tuple(values), params)
        elif within:
            out = self.eval(*values, **params)
        else:
            out = self(*values, **params)
        cls = class_of_results(tensors)
        if self.outputs != 1:
            out = tuple([boxed(o) if isinstance(o, Tensor) else o for o in out])
        elif isinstance(out, Tensor):
            if not mask:
                return out if type(out) is cls else wrap(cls, out.value, out.edge)
            out = boxed(out)
        result = record(self, owners, params, tuple(edges), mask, out, cls, depth)
        one = self.view and cls.mutable and self.outputs == 1  # several: `ops.joining` sees to them
        if one and (top is not None or shares_memory(out, values[0])):
            connect(result, tensors[0], self, params)
            register(result)
        if top is not None and top.kept is not None:
            top.kept.extend([weakref.ref(t) for t in (result if self.outputs != 1 else (result,))])
        return result

    def bind_unrecorded(
        self,
        tensors: tuple[Tensor, ...],
        values: list[Any],
        top: Interpreter | None,
        params: dict[str, Any],
    ) -> Tensor:
        """`bind_boxed` for one output and operands without history."""
        out = (
            self.eval(*values, **params)
            if top is None
            else top.process(self, tuple(values), params)
        )
        cls = tensors[0].result_class
        if cls is Tensor:
            cls = class_of_results(tensors)
        if isinstance(out, Tensor):  # what a box held was recorded outside
            return out if type(out) is cls else wrap(cls, out.value, out.edge)
        result: Tensor = new(cls)
        result.value = out
        result.edge = result.version = result.view_of = result.leaf = None
        if top is not None and top.kept is not None:
            top.kept.append(weakref.ref(result))
        return result


class UnaryPrimitive(NaryPrimitive):
    """A primitive of one operand and one output."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bind1 = MethodType(own_copy(UnaryPrimitive.bind1), self)  # type: ignore[method-assign]

    def __call__(self, x: Any, /, **params: Any) -> Any:
        """Apply to arrays or tensors; see `NaryPrimitive`."""
        if type(x) is np.ndarray and (not current() & BOXED or open_trace.get() is None):
            return self.eval(x, **params) if params else self.eval(x)
        if isinstance(x, Tensor):
            return self.bind1(x, params)
        return self.process((x,), params)

    def bind1(self, x: Tensor, params: dict[str, Any] | None = None) -> Tensor:
        """`bind` for one operand."""
        mode = current()
        if mode & UNUSUAL:
            if mode & AROUND:
                return self.bind(x, **(params or {}))  # type: ignore[no-any-return]
            return self.bind_boxed((x,), params or {})  # type: ignore[no-any-return]
        value = x.value
        view = self.view
        if view and type(value) is not np.ndarray and x.mutable:
            value = x.buffer()  # a NumPy scalar has no memory to share
        try:
            out = self.eval(value, **params) if params else self.eval(value)
        except Exception as error:
            raise unfit(self, (value,), params or {}, error) from error
        t: Tensor = new(x.result_class)
        t.value = out
        t.version = t.view_of = t.leaf = None
        edge = x.edge if x.view_of is None else x.current_edge()
        if view and t.mutable and shares_memory(out, value):
            connect(t, x, self, params or {})
        if edge is None or mode & NO_GRAD or self.kind == "constant":
            t.edge = None
            return t
        plan = self._plans.get(1) or self.plan(1, 1)
        t.edge = node = new(self.node_class or node_class(self))
        node.inputs = (edge,)
        node.params = params or None
        node.hooks = None
        node.plan = plan
        node.order = next_order()
        node.level = 0
        node.source = edge.source
        frame = getframe(2)
        code = frame.f_code
        if code is latest[0]:
            node.code = code
            node.instruction = frame.f_lasti
        else:
            node.code, node.instruction = caller(3) or NOWHERE
        node.shape = out.shape
        node.dtype = out.dtype
        if plan.saves_output:
            t.version = Version()
            node.owners = plan.save((x, SavedOutput(out, t.version)))
        else:
            node.owners = plan.save((x,)) if plan.sources else ()
        return t


class BinaryPrimitive(NaryPrimitive):
    """A primitive of two operands and one output."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bind2 = MethodType(own_copy(BinaryPrimitive.bind2), self)  # type: ignore[method-assign]

    def __call__(self, x: Any, y: Any, /, **params: Any) -> Any:
        """Apply to arrays or tensors; see `NaryPrimitive`."""
        if type(x) is type(y) is np.ndarray and (not current() & BOXED or open_trace.get() is None):
            return self.eval(x, y, **params) if params else self.eval(x, y)
        if isinstance(x, Tensor):
            if isinstance(y, Tensor):
                return self.bind2(x, y, params)
        elif not isinstance(y, Tensor):
            return self.process((x, y), params)
        return super().__call__(x, y, **params)

    def bind2(self, x: Tensor, y: Tensor, params: dict[str, Any] | None = None) -> Tensor:
        """`bind` for two operands; the result is of the class of `x`'s results."""
        mode = current()
        if mode & UNUSUAL:
            if mode & AROUND:
                return self.bind(x, y, **(params or {}))  # type: ignore[no-any-return]
            return self.bind_boxed((x, y), params or {})  # type: ignore[no-any-return]
        try:
            out = self.eval(x.value, y.value, **params) if params else self.eval(x.value, y.value)
        except Exception as error:
            raise unfit(self, (x.value, y.value), params or {}, error) from error
        t: Tensor = new(x.result_class)
        t.value = out
        t.version = t.view_of = t.leaf = None
        ex = x.edge if x.view_of is None else x.current_edge()
        ey = y.edge if y.view_of is None else y.current_edge()
        if mode & NO_GRAD or (ex is None and ey is None) or self.kind == "constant":
            t.edge = None
            return t
        mask = 2 if ex is None else 1 if ey is None else 3
        plan = self._plans.get(mask) or self.plan(mask, 2)
        t.edge = node = new(self.node_class or node_class(self))
        node.inputs = (ex, ey)
        node.params = params or None
        node.hooks = None
        node.plan = plan
        node.order = next_order()
        node.level = 0
        if ex is None:
            node.source = ey.source
        elif ey is None or ex is ey:
            node.source = ex.source
        else:
            node.source = ex.source if ex.source == ey.source else 0
        frame = getframe(2)
        code = frame.f_code
        if code is latest[0]:
            node.code = code
            node.instruction = frame.f_lasti
        else:
            node.code, node.instruction = caller(3) or NOWHERE
        node.shape = out.shape
        node.dtype = out.dtype
        if plan.saves_output:
            t.version = Version()
            node.owners = plan.save((x, y, SavedOutput(out, t.version)))
        else:
            node.owners = plan.save((x, y)) if plan.sources else ()
        return t
