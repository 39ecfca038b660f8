"""From a function to its converted form: source found, tree rewritten, compiled at the user's own lines."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from ...trust.trees import lambda_of, tree_of
from ..logs import warn
from . import running
from .names import Unconvertible
from .rewriting import HELPER, Rewriter

_codes: dict[CodeType, CodeType | None] = {}
"""The converted code of a function's code; None where there is none."""
_made: set[int] = set()
"""Converted codes, by identity: the functions inside of them are converted already."""
_kept: list[CodeType] = []
LEFT = "_dualtape_do_not_convert"
GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def converted(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function like `f` in which tensors may decide what runs and how often.

    Args:
        f: A Python function or method. What it calls of the user's own functions is converted when it is called.

    Returns:
        The function with the same globals, closure and defaults; `f` itself where it cannot be converted, after a warning.
    """
    if isinstance(f, MethodType):
        inner = converted(f.__func__)
        return f if inner is f.__func__ else MethodType(inner, f.__self__)
    if isinstance(f, functools.partial):
        return functools.partial(converted(f.func), *f.args, **f.keywords)
    if not isinstance(f, FunctionType) or getattr(f, LEFT, False) or id(f.__code__) in _made:
        return f
    code = f.__code__
    if code not in _codes:
        _codes[code] = None
        try:
            _codes[code] = convert(f)
        except (OSError, SyntaxError, TypeError):
            _codes[code] = None  # there is no source to be had; TensorFlow says nothing either
        except Unconvertible as error:
            if not code.co_flags & GENERATORS:
                warn(
                    "AutoGraph could not transform %r and will run it as-is.\nCause: %s\nTo silence this warning, decorate the "
                    "function with @tf.autograph.experimental.do_not_convert",
                    f, error,
                )  # fmt: skip
    new = _codes[code]
    if new is None or new is code:
        return f
    cells = dict(zip(code.co_freevars, f.__closure__ or (), strict=True))
    cells[HELPER] = CellType(running)
    closure = tuple([cells[name] for name in new.co_freevars])
    made = FunctionType(new, f.__globals__, f.__name__, f.__defaults__, closure)
    made.__kwdefaults__ = f.__kwdefaults__
    made.__dict__.update(f.__dict__)
    made.__doc__, made.__module__, made.__qualname__ = f.__doc__, f.__module__, f.__qualname__
    return made


def rewritten(f: FunctionType) -> tuple[ast.FunctionDef | ast.Assign, str, int]:
    """The converted definition, its name, and the line that its first line is.

    Raises:
        Unconvertible: There is no form for what it does.
        OSError: There is no source.
    """
    if f.__code__.co_flags & GENERATORS:
        raise Unconvertible("generators and coroutines run as they are")
    node, first = definition(f)
    mangle(node, f.__qualname__)
    made: Any = Rewriter().function(node)
    if isinstance(node, ast.Lambda):
        made = ast.copy_location(ast.Assign([ast.Name("ag__lambda", ast.Store())], made), node)
        return made, "ag__lambda", first
    return made, node.name, first


def convert(f: FunctionType) -> CodeType:
    """The converted code; see `rewritten`."""
    code = f.__code__
    statement, name, first = rewritten(f)
    free = [ast.arg(n) for n in sorted({*code.co_freevars, HELPER, "__class__"})]
    given = ast.arguments([], free, None, [], [], None, [])
    result = ast.Return(ast.Name(name, ast.Load()))
    factory: Any = ast.FunctionDef("ag__factory", given, [statement, result], [], None)
    factory.type_params = []
    module = ast.fix_missing_locations(ast.Module([factory], []))
    ast.increment_lineno(module, first - 1)
    whole = compile(module, code.co_filename, "exec", dont_inherit=True, flags=future_flags(code))
    inside = next(c for c in whole.co_consts if isinstance(c, CodeType))
    made = next(c for c in inside.co_consts if isinstance(c, CodeType))
    return note(named(made, code.co_name, getattr(code, "co_qualname", code.co_name)))


def to_code(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> str:
    """The source of what a function is converted to.

    Args:
        entity: The function.
        recursive: Not used.
        experimental_optional_features: Not used.

    Raises:
        ValueError: It cannot be converted.
    """
    f: Any = getattr(entity, "python_function", entity)
    try:
        statement, _, _ = rewritten(getattr(f, "__func__", f))
    except (Unconvertible, OSError) as error:
        raise ValueError(f"{f!r} cannot be converted: {error}") from error
    return ast.unparse(ast.fix_missing_locations(statement))


def to_graph(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> Callable[..., Any]:
    """The converted function; see `converted`.

    Args:
        entity: The function.
        recursive: Not used.
        experimental_optional_features: Not used.
    """
    return converted(getattr(entity, "python_function", entity))


def mangle(node: ast.AST, qualname: str) -> None:
    """Give private names (`self.__x`) the form that they have in the class whose method it is."""
    parts = qualname.split(".")
    if len(parts) < 2 or parts[-2] == "<locals>":
        return
    prefix = f"_{parts[-2].lstrip('_')}"
    for n in ast.walk(node):
        for field in ("attr", "id", "arg"):
            name = getattr(n, field, None)
            if isinstance(name, str) and name.startswith("__") and not name.endswith("__"):
                setattr(n, field, prefix + name)


def future_flags(code: CodeType) -> int:
    """The `from __future__` flags of a code."""
    return code.co_flags & __future__.annotations.compiler_flag


def definition(f: FunctionType) -> tuple[Any, int]:
    """The syntax tree of a function, and the line that its first line is.

    Raises:
        OSError: There is no source.
        SyntaxError: The source is none.
        Unconvertible: It is not clear which lambda of a line it is.
    """
    if f.__name__ == "<lambda>":
        inspect.findsource(
            f
        )  # or OSError, if there is none; what is remembered of a file that has changed goes
        tree = tree_of(f.__code__.co_filename)
        found = None if tree is None else lambda_of(tree, f.__code__)
        if found is None:
            raise Unconvertible("it is not clear which of the lambdas of a line it is")
        return copy.deepcopy(found), 1
    lines, first = inspect.getsourcelines(f)
    text = "".join(lines)
    if lines[0][:1].isspace():
        text, first = f"if True:\n{text}", first - 1
    tree = ast.parse(text)
    for n in ast.walk(tree):
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == f.__code__.co_name:
            n.decorator_list = []
            n.returns = None
            for a in [
                *n.args.posonlyargs,
                *n.args.args,
                *n.args.kwonlyargs,
                n.args.vararg,
                n.args.kwarg,
            ]:
                if a is not None:
                    a.annotation = None
            n.args.defaults = [ast.Constant(None) for _ in n.args.defaults]  # the function has them
            n.args.kw_defaults = [
                None if d is None else ast.Constant(None) for d in n.args.kw_defaults
            ]
            return n, max(first, 1)
    raise Unconvertible("its source has no definition of it")


def named(code: CodeType, name: str, qualname: str) -> CodeType:
    """A code whose pieces carry the name of the function they came from."""
    constants = tuple(
        [
            named(
                c,
                name if c.co_name.startswith(HELPER) else c.co_name,
                qualname if c.co_name.startswith(HELPER) else f"{qualname}.<locals>.{c.co_name}",
            )
            if isinstance(c, CodeType)
            else c
            for c in code.co_consts
        ]
    )
    made = code.replace(co_consts=constants, co_name=name, co_qualname=qualname)
    note(made)
    return made


def note(code: CodeType) -> CodeType:
    """Remember that a code is converted."""
    _kept.append(code)
    _made.add(id(code))
    return code


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Mark a function that is to run as it is."""
    if func is None:
        return do_not_convert
    setattr(func, LEFT, True)
    return func


running.converter.append(converted)
