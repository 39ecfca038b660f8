"""`tf.function`: the Python function as a compiled program, its options honoured.

Under an open tape, which sees the operations themselves, and where the compiler cannot follow, a call runs the function
eagerly. Input signatures are checked, the signatures called are counted as TensorFlow counts its traces, and numbers that
are returned become tensors.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from types import CodeType
from typing import Any

import numpy as np

from ..core.errors import BoundsError, IntegerDivisionError, LinAlgError
from ..core.tensor import Tensor
from . import nest
from .config import functions_run_eagerly
from .conversion import in_graph
from .convert import as_tensor, constant, converted
from .dtype import kernel_name
from .errors import InvalidArgumentError
from .function_types import covers, generalized, open_axes, signature_of
from .raising import from_program
from .recording import recording
from .shapes import TensorSpec
from .symbolic import gradients_recorded
from .tensor import EagerTensor, Readable


def _mentions_gradients(code: CodeType) -> bool:
    return "gradients" in code.co_names or any(
        _mentions_gradients(c) for c in code.co_consts if isinstance(c, CodeType)
    )


class Function:
    """What `tf.function` makes of a Python function."""

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        *,
        bound: bool = False,
        autograph: bool = True,
        reduce_retracing: bool = False,
    ) -> None:
        self._python_function = python_function
        self._autograph = autograph
        self._reduce_retracing = reduce_retracing
        self._input_signature = None if input_signature is None else tuple(input_signature)
        self._bound = bound
        self._traces: dict[Any, Any] = {}
        self._plain: set[Any] = (
            set()
        )  # shapes and dtypes of tensors that it was called with, and nothing else
        self._compiled: Any = None
        code = getattr(inspect.unwrap(python_function), "__code__", None)
        self._differentiates = code is not None and _mentions_gradients(code)
        functools.update_wrapper(self, python_function)

    @property
    def python_function(self) -> Callable[..., Any]:
        """The function that was decorated."""
        return self._python_function

    @property
    def input_signature(self) -> Any:
        """The specs that calls are checked against, None for none."""
        return self._input_signature

    @property
    def name(self) -> str:
        """The function's name."""
        return getattr(self._python_function, "__name__", "function")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function.

        Raises:
            TypeError: The arguments do not fit the input signature.
        """
        if self._input_signature is None:
            if not kwargs and all([type(x) is EagerTensor for x in args]):  # noqa: C419
                plain = tuple([(x.value.shape, x.value.dtype) for x in args])
                if plain not in self._plain:
                    self._traced(args, kwargs)
                    self._plain.add(plain)
                return self._run(args, kwargs)
            args = tuple([nest.map_structure(_as_input, a) for a in args])
            kwargs = {name: nest.map_structure(_as_input, a) for name, a in kwargs.items()}
        else:
            args, kwargs = self._checked(args, kwargs)
        self._traced(args, kwargs)
        return self._run(args, kwargs)

    def _traced(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The signature of the trace that TensorFlow would run; it is noted."""
        if self._input_signature is not None:
            args, kwargs = self._input_signature, {}
        key = signature_of(args, kwargs)
        if key not in self._traces:
            if self._reduce_retracing:
                for known in self._traces:
                    if covers(known, key):
                        return known
                key = generalized(key, self._traces)
            self._traces[key] = None
        return key

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if (
            recording().tapes or functions_run_eagerly()
        ):  # a tape around sees the operations themselves
            return self._eager(*args, **kwargs)
        try:
            return self._program()(*args, **kwargs)
        except (BoundsError, IntegerDivisionError, LinAlgError) as error:
            if isinstance(error, InvalidArgumentError):
                raise
            raise from_program(error, self.name) from error

    def _program(self) -> Any:
        """What compiles it."""
        if self._compiled is None:
            compiler = import_module("dualtape.compiler.jit")
            signature = self._input_signature
            axes = None if signature is None else open_axes(signature)
            self._compiled = compiler.Compiled(
                self._eager, name="tf.function", effects_once=True, axes=axes,
                dynamic=None if self._reduce_retracing or axes is not None else False,
            )  # fmt: skip
            functools.update_wrapper(self._compiled, self._python_function, updated=())
        return self._compiled

    def explain(self) -> str:
        """What was compiled and why, what it cost, what runs natively, and what runs eagerly and why: see `dualtape.jit`."""
        text: str = self._program().explain()
        return text

    def graph(self) -> Any:
        """The graph of the last program compiled: see `dualtape.jit`."""
        return self._program().graph()

    def llvm(self) -> str:
        """The LLVM code of the last program: see `dualtape.jit`."""
        text: str = self._program().llvm()
        return text

    def asm(self) -> str:
        """The machine code of the last program: see `dualtape.jit`."""
        text: str = self._program().asm()
        return text

    def export_c(self, directory: Any, *args: Any, **options: Any) -> Any:
        """Write the function and its derivatives as C, variables that it only reads as they are now: see `dualtape.jit`."""
        given = [nest.map_structure(_as_input, a) for a in args]
        return self._program().export_c(directory, *given, **{"name": self.name, **options})

    def _eager(self, *args: Any, **kwargs: Any) -> Any:
        f = in_graph(self._python_function) if self._autograph else self._python_function
        if self._differentiates:
            with gradients_recorded(args, kwargs):
                result = f(*args, **kwargs)
        else:
            result = f(*args, **kwargs)
        return nest.map_structure(_as_output, result)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        name = f"_tf_function_{self.name}"
        found = vars(instance).get(name) if hasattr(instance, "__dict__") else None
        if found is None:
            method = self._python_function.__get__(instance, owner)
            signature = self._input_signature
            found = Function(
                method, signature, bound=True, autograph=self._autograph,
                reduce_retracing=self._reduce_retracing,
            )  # fmt: skip
            if hasattr(instance, "__dict__"):
                vars(instance)[name] = found
        return found

    def _checked(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments converted to what the input signature says."""
        assert self._input_signature is not None
        specs = self._input_signature
        names = [
            p.name for p in inspect.signature(self._python_function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]  # fmt: skip
        shown = ", ".join(f"{n}: {s}" for n, s in zip(names, specs, strict=False))

        def unfit(reason: Any) -> TypeError:
            return TypeError(
                f"Binding inputs to tf.function failed due to `{reason}`. Received args: {args} and kwargs: "
                f"{kwargs} for signature: ({shown})."
            )

        if len(args) > len(specs):
            raise unfit("too many positional arguments")
        given = list(args)
        for name in names[len(args) : len(specs)]:
            if name not in kwargs:
                raise unfit(f"missing a required argument: '{name}'")
            given.append(kwargs[name])
        extra = set(kwargs) - set(names[len(args) : len(specs)])
        if extra:
            raise unfit(f"got an unexpected keyword argument '{sorted(extra)[0]}'")
        out = []
        for spec, value in zip(specs, given, strict=True):
            try:
                flat = nest.flatten(value) if nest.is_nested(spec) else [value]
                parts = [_cast_to(s, x) for s, x in zip(nest.flatten(spec), flat, strict=True)]
            except (TypeError, ValueError) as error:
                raise unfit(error) from error
            out.append(nest.pack_sequence_as(spec, parts) if nest.is_nested(spec) else parts[0])
        return tuple(out), {}

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Return the function for arguments of given specs (tensors count as their specs)."""
        if self._input_signature is not None and not args and not kwargs:
            args = self._input_signature
        key = self._traced(args, kwargs)
        found: ConcreteFunction | None = self._traces[key]
        if found is None:
            found = self._traces[key] = ConcreteFunction(self, args, kwargs)
        return found

    def experimental_get_tracing_count(self) -> int:
        """How many traces TensorFlow would have made: one for each signature, or for several with `reduce_retracing`."""
        return len(self._traces)


class ConcreteFunction:
    """A `Function` for arguments of fixed specs."""

    def __init__(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        self._specs = [
            x if isinstance(x, TensorSpec) else TensorSpec.from_tensor(as_tensor(x))
            for x in nest.flatten([list(args), kwargs])
            if isinstance(x, (TensorSpec, Tensor, Readable))
        ]
        self._args, self._kwargs = args, kwargs
        self.name = f"__inference_{function.name}_{id(self) % 10000}"

    @property
    def structured_input_signature(self) -> tuple[Any, dict[str, Any]]:
        """The specs of positional and of keyword arguments."""
        return self._args, self._kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function.

        Raises:
            InvalidArgumentError: A tensor of another dtype.
            TypeError: A tensor of another shape, or another number of tensors.
        """
        tensors = [x for x in nest.flatten([list(args), kwargs]) if not isinstance(x, TensorSpec)]
        for number, (spec, value) in enumerate(zip(self._specs, tensors, strict=False)):
            x = as_tensor(value)
            if x.dtype != spec.dtype:
                raise InvalidArgumentError(
                    None, None,
                    f"cannot compute {self.name} as input #{number}(zero-based) was expected to be a "
                    f"{kernel_name(spec.dtype.numpy_dtype)} tensor but is a "
                    f"{kernel_name(x.value.dtype)} tensor [Op:{self.name}]",
                )  # fmt: skip
            if not spec.shape.is_compatible_with(x.shape):
                raise TypeError(
                    f"{self.name}: argument {number} has shape {x.shape}, not {spec.shape}"
                )
        return self._function._run(tuple(nest.map_structure(_as_input, a) for a in args), kwargs)


def _as_input(x: Any) -> Any:
    """Arrays become tensors, everything else stays what it is."""
    return as_tensor(x) if isinstance(x, (np.ndarray, np.generic)) else x


def _as_output(x: Any) -> Any:
    """Numbers and strings become tensors, variables are read."""
    if isinstance(x, Readable):
        return x._read()
    if isinstance(x, (bool, int, float, complex, str, bytes, np.ndarray, np.generic)):
        return constant(x)
    return x


def _cast_to(spec: TensorSpec, value: Any) -> EagerTensor:
    dtype = spec.dtype.numpy_dtype
    x = as_tensor(value) if isinstance(value, (Tensor, Readable)) else converted(value, dtype)
    if not spec.is_compatible_with(x):
        raise TypeError(f"Can not cast {TensorSpec.from_tensor(x)} to {spec}")
    return x


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Decorate a function of tensors.

    Args:
        func: The function; None to decorate with options.
        input_signature: `tf.TensorSpec`s that calls are checked against.
        autograph: Whether Python's control flow is made part of the program where tensors decide.
        jit_compile: Not used: functions become native code wherever llvmlite is installed.
        reduce_retracing: Whether calls that differ in shapes share a trace, from the second shape on.
        experimental_implements: Not used.
        experimental_autograph_options: Not used.
        experimental_attributes: Not used.
        experimental_relax_shapes: The former name of `reduce_retracing`.
        experimental_compile: Not used.
        experimental_follow_type_hints: Not used.
    """
    relaxed = reduce_retracing or bool(experimental_relax_shapes)
    if func is None:
        return lambda f: Function(f, input_signature, autograph=autograph, reduce_retracing=relaxed)
    return Function(func, input_signature, autograph=autograph, reduce_retracing=relaxed)
