"""What all optimizers share: the step count, the learning rate, clipping, and which variables they move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ....core.boxes import Box
from ....core.callsite import warn
from ....core.tracing import capture
from ....core.vocabulary import vocabulary
from ....ops import arithmetic as a
from ...convert import as_tensor
from ...indexed_slices import IndexedSlices, as_dense
from ...nn_norms import clip_by_global_norm, clip_by_norm, clip_by_value
from ...shaping import same
from ...tape import GradientTape
from ...tensor import EagerTensor, Readable, tensor
from ...variable import Variable as TfVariable
from ..variables import Variable, auto_name, names
from .schedules import LearningRateSchedule

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
_NO_ROWS: dict[int, Any] = {}


class Optimizer:
    """Base of the optimizers: subclasses say in `step` how a variable moves.

    Args:
        learning_rate: A number, a schedule, or a function of no or one argument.
        weight_decay: The share of a variable taken off at each step, times the learning rate.
        clipnorm: The largest norm of a gradient.
        clipvalue: The largest element of a gradient.
        global_clipnorm: The largest norm of all gradients together.
        use_ema, ema_momentum, ema_overwrite_frequency: Averaging is not supported.
        loss_scale_factor, gradient_accumulation_steps: Not supported.
        name: By default the class's in snake case.
        kwargs: None are known.

    Raises:
        ValueError: Unknown keywords, a bad learning rate, or several ways to clip.
        NotImplementedError: An option that is not supported.
    """

    slots: tuple[str, ...] = ()
    compiled_unwatched = frozenset({"name", "_index", "_slots", "_extra"})

    def __init__(
        self, learning_rate: Any, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        if use_ema or loss_scale_factor or gradient_accumulation_steps:
            raise NotImplementedError(
                "optimizers with use_ema, loss_scale_factor or gradient_accumulation_steps"
            )
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        self.name = auto_name(type(self).__name__) if name is None else name
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.built = False
        self._trainable: list[Any] = []
        self._index: dict[int, int] = {}
        self._slots: dict[str, list[Variable]] = {}
        self._extra: list[Variable] = []
        self._without_decay: frozenset[int] = frozenset()
        self._row_squares = _NO_ROWS
        with names.scope(self.name):
            self.iterations = Variable(
                np.int64(0), dtype="int64", trainable=False, name="iteration"
            )
        self._schedule: Any = None
        self._rate: Variable | None = None
        self._set_rate(learning_rate)

    # --- the learning rate --------------------------------------------------------------------

    def _set_rate(self, rate: Any) -> None:
        if isinstance(rate, LearningRateSchedule) or callable(rate):
            self._schedule, self._rate = rate, None
            return
        try:
            number = np.float32(rate.numpy() if isinstance(rate, (EagerTensor, Readable)) else rate)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable "
                "(that takes in the current iteration value and returns the corresponding learning rate value). "
                f"Received instead: learning_rate={rate}"
            ) from error
        with names.scope(self.name):
            self._schedule = None
            self._rate = Variable(number, trainable=False, name="learning_rate", dtype="float32")

    @property
    def learning_rate(self) -> Any:
        """The rate as a variable, or what the schedule gives now. May be set."""
        if self._rate is not None:
            return self._rate
        return as_tensor(self._scheduled(), FLOAT32)

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if self._rate is not None and not callable(rate):
            self._rate.assign(rate)
        else:
            self._set_rate(rate)

    lr = learning_rate

    def _scheduled(self) -> Any:
        if isinstance(self._schedule, LearningRateSchedule):
            return self._schedule(self.iterations._read())
        try:
            return self._schedule()
        except TypeError:
            return self._schedule(self.iterations._read())

    def rate_now(self) -> Any:
        """The learning rate of this step as a float32 number, or in compiled code what stands for it."""
        if self._rate is not None:
            return self._rate._held._value
        rate = as_tensor(self._scheduled())
        if isinstance(rate.value, Box):
            return vocabulary.cast(rate.value, FLOAT32)
        return np.float32(rate.numpy())

    def steps_done(self) -> Any:
        """How many steps were made: an int, or in compiled code what stands for it."""
        count = self.iterations._held._read()
        return count.value if isinstance(count.value, Box) else int(count.numpy())

    # --- variables ----------------------------------------------------------------------------

    def build(self, variables: Iterable[Any]) -> None:
        """Make the slots for the variables that this optimizer moves."""
        self._trainable = list(variables)
        self._index = {v._variable()._unique_id: i for i, v in enumerate(self._trainable)}
        for slot in self.slots:
            self._slots[slot] = [self.add_variable_from_reference(v, slot) for v in self._trainable]
        self.built = True

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a slot of zeros in the shape of a variable."""
        held = reference_variable._variable()
        base = getattr(reference_variable, "path", None)
        base = (
            f"{held._name}_{len(self._index) and self._index[held._unique_id]}"
            if base is None
            else base.replace("/", "_")
        )
        with names.scope(self.name):
            zeros = np.full(held._value.shape, self.slot_start, held._value.dtype)
            return Variable(
                zeros[()], trainable=False, name=f"{base}_{name}", dtype=held._value.dtype.name
            )

    # What slots start from.
    slot_start: float = 0.0

    def slot(self, name: str, index: int) -> TfVariable:
        """The slot `name` of the variable number `index`."""
        return self._slots[name][index]._held

    @property
    def variables(self) -> list[Variable]:
        """The step count, the learning rate and the slots, variable by variable."""
        own = [self.iterations]
        if self._rate is not None:
            own.append(self._rate)
        for i in range(len(self._trainable)):
            own.extend([self._slots[s][i] for s in self.slots if s in self._slots])
        return own + self._extra

    def compiled_keepers(self) -> list[Any]:
        """What compiled programs read at each call: see `compiler.reach`."""
        return [v._held for v in self.variables]

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leave variables out of weight decay, by themselves or by parts of their names."""
        for v in self._trainable if var_list is None else var_list:
            name = v._variable()._name
            if var_list is not None or any(part in name for part in var_names or ()):
                self._without_decay |= {v._variable()._unique_id}

    # --- steps --------------------------------------------------------------------------------

    def apply_gradients(
        self, grads_and_vars: Any, name: str | None = None, **kwargs: Any
    ) -> Variable:
        """Move variables against their gradients.

        Args:
            grads_and_vars: Pairs; a pair whose gradient is None is left out.
            name: Not used.
            kwargs: Not used.

        Returns:
            The step count.

        Raises:
            ValueError: There is no gradient at all, or an unknown variable.
        """
        pairs = list(grads_and_vars)
        grads, variables = zip(*pairs, strict=True)
        return self.apply(grads, variables)

    def apply(self, grads: Any, trainable_variables: Any = None) -> Variable:
        """Move variables against `grads`; by default those the optimizer was built with.

        Raises:
            ValueError: There is no gradient at all, or an unknown variable.
        """
        grads = list(grads)
        variables = self._trainable if trainable_variables is None else list(trainable_variables)
        kept = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not kept:
            raise ValueError("No gradients provided for any variable.")
        if len(kept) < len(grads):
            without = [
                getattr(v, "path", None) or v.name
                for g, v in zip(grads, variables, strict=True)
                if g is None
            ]
            warn(
                f"Gradients do not exist for variables {without} when minimizing the loss. If using "
                "`model.compile()`, did you forget to provide a `loss` argument?"
            )
        if not self.built:
            self.build(variables)
        for _, v in kept:
            if v._variable()._unique_id not in self._index:
                raise ValueError(
                    f"Unknown variable: {v}. This optimizer can only be called for the variables it was originally "
                    "built with. When working with a new set of variables, you should recreate a new optimizer "
                    "instance."
                )
        rows = {
            self._index[v._variable()._unique_id]: row_squares(g)
            for g, v in kept
            if isinstance(g, IndexedSlices)
        }
        values = self._clipped([as_dense(g) for g, _ in kept])
        held = [v._variable() for _, v in kept]
        trace = capture.get()
        if trace is not None:  # what follows looks at their values without reading them
            for v in (*held, *self.compiled_keepers()):
                v.compiled_state(trace)
        rate = self.rate_now()
        if self.weight_decay is not None:
            share = as_number(self.weight_decay * as_number(rate, FLOAT64), FLOAT64)
            for v in held:
                if v._unique_id not in self._without_decay:
                    value = v._value
                    v.assign_sub(tensor(value * as_number(share, value.dtype)))
        if rows:
            self._row_squares = rows
        try:
            now = self.before_steps(rate)
            for g, v in zip(values, held, strict=True):
                value = v._value
                array = g.value if isinstance(g, EagerTensor) else as_tensor(g).value
                if array.dtype != value.dtype:
                    array = vocabulary.cast(array, value.dtype)
                self.step(array, v, as_number(rate, value.dtype), self._index[v._unique_id], now)
        finally:
            self._row_squares = _NO_ROWS
        for _, v in kept:
            if getattr(v, "constraint", None) is not None:
                v.assign(v.constraint(v))
        self.iterations._held.assign_add(tensor(np.int64(1)), read_value=False)
        return self.iterations

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return [clip_by_norm(g, self.clipnorm) for g in grads]
        if self.clipvalue:
            return [clip_by_value(g, -self.clipvalue, self.clipvalue) for g in grads]
        if self.global_clipnorm:
            return clip_by_global_norm(grads, self.global_clipnorm)[0]
        return grads

    def before_steps(self, rate: Any) -> Any:
        """What is worked out once before the variables of a step move; `step` gets it."""

    def step(self, grad: Any, variable: TfVariable, rate: Any, index: int, now: Any) -> None:
        """Move one variable. It computes by operators and the engine's operations, so that it compiles.

        Args:
            grad: Its gradient, an array or NumPy scalar of its dtype (in compiled code what stands for one).
            variable: The variable.
            rate: The learning rate in its dtype.
            index: Its number, for `slot`.
            now: What `before_steps` returned.

        Raises:
            NotImplementedError: The subclass does not say how.
        """
        raise NotImplementedError

    def squared(self, grad: Any, index: int) -> Any:
        """The squares of a gradient; of rows given one by one, the sum of their squares, as Keras has it."""
        found = self._row_squares.get(index)
        return a.square(grad) if found is None else found

    def minimize(self, loss: Any, var_list: Any, tape: GradientTape | None = None) -> Variable:
        """Compute the gradients of a loss and apply them.

        Args:
            loss: A function without arguments, or with `tape` a tensor it recorded.
            var_list: The variables, or a function that gives them.
            tape: The tape of a tensor loss.

        Raises:
            ValueError: A tensor without a tape, or no gradient at all.
        """
        if callable(loss):
            with GradientTape() as tape:
                value = loss()
            target = value
        else:
            if tape is None:
                raise ValueError("`tape` is required when a `Tensor` loss is passed.")
            target = same(loss) if not isinstance(loss, EagerTensor) else loss
        variables = list(var_list() if callable(var_list) else var_list)
        grads = tape.gradient(target, variables)
        return self.apply_gradients(zip(grads, variables, strict=True))

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with."""
        rate = float(self.rate_now()) if self._schedule is None else self._schedule
        return {
            "name": self.name, "learning_rate": rate, "weight_decay": self.weight_decay, "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm, "clipvalue": self.clipvalue, "use_ema": False,
            "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make an optimizer from `get_config`'s result."""
        known = {
            k: v
            for k, v in config.items()
            if v is not None and not k.startswith(("use_ema", "ema_"))
        }
        return cls(**known)


def row_squares(slices: IndexedSlices) -> Any:
    """The squared rows of an `IndexedSlices`, added up where they belong."""
    values = slices.values
    return (
        IndexedSlices(tensor(a.square(values.value)), slices.indices, slices.dense_shape)
        ._as_dense()
        .value
    )


def as_number(x: Any, dtype: np.dtype[Any]) -> Any:
    """A number as a NumPy scalar of a dtype, or what stands for one cast to it."""
    return vocabulary.cast(x, dtype) if isinstance(x, Box) else dtype.type(x)


def put(variable: TfVariable, value: Any) -> None:
    """Give a variable a value that nobody else holds."""
    variable._put(value, False)


def minus(variable: TfVariable, change: Any) -> None:
    """Subtract an array or NumPy scalar of the variable's shape and dtype."""
    variable.assign_sub(tensor(change), read_value=False)
