"""A function's syntax tree with its control flow as calls of `running`: what a tensor decides becomes part of the program."""

from __future__ import annotations

import ast
from typing import Any

from .jumps import Blocks, Lowering, assign, located
from .names import SCOPES, Liveness, Unconvertible, declared, written

HELPER = "ag__"
GENERATORS = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)


def helper(name: str) -> ast.expr:
    """`ag__.name`."""
    return ast.Attribute(ast.Name(HELPER, ast.Load()), name, ast.Load())


def thunk(body: ast.expr) -> ast.Lambda:
    """`lambda: body`."""
    empty = ast.arguments([], [], None, [], [], None, [])
    return ast.Lambda(empty, body)


class Rewriter(Blocks):
    """Rewrites one function, and with one of its own each function inside."""

    def __init__(self, first: str | None = None) -> None:
        self.count = 0
        self.first = first
        self.state: set[str] = set()
        self.params: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()

    # --- functions ------------------------------------------------------------------------------------

    def function(self, node: Any) -> Any:
        """A `def` or a `lambda`."""
        args = node.args
        names = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        self.params = {a.arg for a in [*names, *filter(None, (args.vararg, args.kwarg))]}
        if self.first is None and (args.posonlyargs or args.args):
            self.first = [*args.posonlyargs, *args.args][0].arg
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
            return node
        body: list[ast.stmt] = node.body
        for inner in own_nodes(body):
            if isinstance(inner, GENERATORS):
                raise Unconvertible("generators and coroutines run as they are")
        self.globals = declared(body, ast.Global)
        self.nonlocals = declared(body, ast.Nonlocal)
        start = 1 if ast.get_docstring(node) is not None else 0
        docstring, body = body[:start], body[start:]
        body = Lowering().body(body) or [located(ast.Pass(), node)]
        Liveness(body, self.globals | self.nonlocals)
        body = self.block(body)
        fresh = self.state - self.params - self.globals - self.nonlocals
        undefined = [
            assign(n, ast.Call(helper("Undefined"), [ast.Constant(n)], []), node.body[0])
            for n in sorted(fresh)
        ]
        node.body = [*docstring, *undefined, *body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """A function inside: it has names of its own."""
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.args = self.visit(node.args)
        if any(isinstance(n, GENERATORS) for n in own_nodes(node.body)):
            return node
        return Rewriter(self.first).function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        """Left as it is."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Left as it is: its methods are converted when they are called."""
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """A lambda inside."""
        if any(isinstance(n, (*GENERATORS, ast.NamedExpr)) for n in ast.walk(node.body)):
            return node
        node.args = self.visit(node.args)
        return Rewriter(self.first).function(node)

    # --- statements -----------------------------------------------------------------------------------

    def piece(
        self, name: str, body: list[ast.stmt], names: list[str], parameter: str | None = None
    ) -> Any:
        """`def name(): nonlocal names; body`."""
        self.count += 1
        args = [] if parameter is None else [ast.arg(parameter)]
        given = ast.arguments([], args, None, [], [], None, [])
        statements: list[ast.stmt] = []
        outer = [n for n in names if n in self.globals]
        if outer:
            statements.append(ast.Global(outer))
        inner = [n for n in names if n not in self.globals]
        if inner:
            statements.append(ast.Nonlocal(inner))
        made: Any = ast.FunctionDef(
            f"{HELPER}{name}_{self.count}", given, [*statements, *body], [], None
        )
        made.type_params = []
        return made

    def state_functions(self, names: list[str]) -> tuple[list[ast.stmt], list[ast.expr]]:
        """Functions that read and write the names, and the expressions for them."""
        self.state.update(names)
        get = self.piece(
            "get", [ast.Return(ast.Tuple([ast.Name(n, ast.Load()) for n in names], ast.Load()))], []
        )
        targets: ast.expr = ast.Tuple([ast.Name(n, ast.Store()) for n in names], ast.Store())
        put_body: list[ast.stmt] = (
            [ast.Assign([targets], ast.Name("ag__values", ast.Load()))] if names else [ast.Pass()]
        )
        put = self.piece("set", put_body, names, "ag__values")
        refs: list[ast.expr] = [ast.Name(f.name, ast.Load()) for f in (get, put)]
        return [get, put], refs

    def names_in(self, nodes: list[ast.stmt]) -> list[str]:
        """The names that a piece of control flow assigns."""
        found = written(nodes)
        if any(isinstance(n, ast.NamedExpr) for s in nodes for n in ast.walk(s)):
            raise Unconvertible("an assignment expression in control flow")
        return found

    def visit_If(self, node: Any) -> Any:
        """A condition."""
        names = self.names_in([*node.body, *node.orelse])
        live: set[str] = getattr(node, "live_out", set())
        returns = getattr(node, "returns", False)
        test = self.visit(node.test)
        if any(isinstance(n, ast.NamedExpr) for n in ast.walk(test)):
            raise Unconvertible("an assignment expression in control flow")
        functions, refs = self.state_functions(names)
        body = self.piece("if", self.block(node.body), names)
        orelse = self.piece("else", self.block(node.orelse) or [ast.Pass()], names)
        made = ast.Call(
            helper("if_return" if returns else "if_"),
            [
                test, ast.Name(body.name, ast.Load()), ast.Name(orelse.name, ast.Load()), *refs,
                constants(names), constants([n for n in names if n in live]),
            ],
            [],
        )  # fmt: skip
        last: ast.stmt = ast.Return(made) if returns else ast.Expr(made)
        return [located(s, node) for s in (*functions, body, orelse, last)]

    def visit_While(self, node: Any) -> Any:
        """A `while` loop."""
        names = self.names_in(node.body)
        self.names_in([ast.Expr(node.test)])
        return self.loop(node, names, node.body, None, node.test)

    def visit_For(self, node: Any) -> Any:
        """A `for` loop."""
        names = self.names_in([ast.Assign([node.target], ast.Constant(None)), *node.body])
        first = located(ast.Assign([node.target], ast.Name("ag__item", ast.Load())), node.target)
        return self.loop(node, names, [first, *node.body], node.iter, None)

    def loop(self, node: Any, names: list[str], body: list[ast.stmt], over: Any, test: Any) -> Any:
        """A loop of either kind."""
        live_out: set[str] = getattr(node, "live_out", set())
        head: set[str] = getattr(node, "live_head", set())
        carried = [n for n in names if n in head or n in live_out]
        broken = getattr(node, "broken", None)
        if broken is not None and broken not in names:
            names.append(broken)
        if broken is not None and broken not in carried:
            carried.append(broken)
        functions, refs = self.state_functions(names)
        going: ast.expr | None = None if test is None else self.visit(test)
        if broken is not None:
            flag = ast.Call(helper("not_"), [ast.Name(broken, ast.Load())], [])
            going = (
                flag if going is None else ast.Call(helper("and_"), [thunk(flag), thunk(going)], [])
            )
        run = self.piece("loop", self.block(body), names, None if over is None else "ag__item")
        check = self.piece("test", [ast.Return(going or ast.Constant(True))], [])
        test_ref = ast.Constant(None) if going is None else ast.Name(check.name, ast.Load())
        body_ref = ast.Name(run.name, ast.Load())
        args: list[ast.expr] = [test_ref, body_ref, *refs, constants(names), constants(carried)]
        if over is not None:
            args.insert(0, self.iterated(over))
        made = ast.Expr(ast.Call(helper("while_" if over is None else "for_"), args, []))
        return [located(s, node) for s in (*functions, check, run, made)]

    def iterated(self, over: ast.expr) -> ast.expr:
        """What a loop goes over: of a call of `range`, only the bounds are needed."""
        if isinstance(over, ast.Call) and isinstance(over.func, (ast.Name, ast.Attribute)):
            name = over.func.id if isinstance(over.func, ast.Name) else over.func.attr
            if name == "range":
                inner = [self.visit(a) for a in over.args]
                words = [ast.keyword(k.arg, self.visit(k.value)) for k in over.keywords]
                return ast.Call(helper("range_"), [over.func, *inner], words)
        return self.visit(over)  # type: ignore[no-any-return]

    def visit_Assert(self, node: ast.Assert) -> Any:
        """An assertion."""
        message = self.visit(node.msg) if node.msg is not None else ast.Constant(None)
        made = ast.Expr(ast.Call(helper("assert_"), [self.visit(node.test), thunk(message)], []))
        return located(made, node)

    # --- expressions ----------------------------------------------------------------------------------

    def visit_BoolOp(self, node: ast.BoolOp) -> Any:
        """`and`, `or`."""
        parts: list[ast.expr] = [thunk(self.visit(v)) for v in node.values]
        return located(
            ast.Call(helper("and_" if isinstance(node.op, ast.And) else "or_"), parts, []), node
        )

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        """`not`."""
        node.operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return located(ast.Call(helper("not_"), [node.operand], []), node)
        return node

    def visit_Compare(self, node: ast.Compare) -> Any:
        """A chain of comparisons is an `and`; what stands in the middle must be cheap to compute twice."""
        if len(node.ops) > 1:
            middle = node.comparators[:-1]
            if not all(isinstance(m, (ast.Name, ast.Constant, ast.Attribute)) for m in middle):
                raise Unconvertible("a chain of comparisons with a computed middle")
            operands = [node.left, *node.comparators]
            parts: list[ast.expr] = [
                ast.Compare(a, [op], [b])
                for a, op, b in zip(operands, node.ops, operands[1:], strict=False)
            ]
            return self.visit(located(ast.BoolOp(ast.And(), parts), node))
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        """`a if test else b`."""
        test, body, orelse = self.visit(node.test), self.visit(node.body), self.visit(node.orelse)
        return located(ast.Call(helper("if_exp"), [test, thunk(body), thunk(orelse)], []), node)

    def visit_Call(self, node: ast.Call) -> Any:
        """A call: a function of the user's is converted, too."""
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            if not node.args and self.first is not None:
                node.args = [ast.Name("__class__", ast.Load()), ast.Name(self.first, ast.Load())]
            return located(node, node)
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in (
            "locals",
            "globals",
            "vars",
            "eval",
            "exec",
        ):
            return node
        node.func = located(ast.Call(helper("fn"), [node.func], []), node)
        return node

    def visit_scope_expression(self, node: Any) -> Any:
        """A comprehension is Python's; what is in it is converted."""
        if any(isinstance(n, (*GENERATORS, ast.NamedExpr)) for n in ast.walk(node)):
            return node
        return self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_scope_expression


def constants(names: list[str]) -> ast.expr:
    """A tuple of strings."""
    return ast.Tuple([ast.Constant(n) for n in names], ast.Load())


def own_nodes(body: list[ast.stmt]) -> Any:
    """All nodes of a function that are not in a function inside."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES):
            stack.extend(ast.iter_child_nodes(node))
