"""A writer whose instructions become statements of C. Vectors become as many values; addresses, elements of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..emit.frames import Frame, LoopWriter
from ..emit.writer import Lanes
from ..vecmath import FUNCTIONS
from . import instructions as ins
from .addresses import Pointer
from .instructions import NotTranslated, typed
from .library import TYPES
from .module import CModule
from .text import Assign, Branch, Effect, Label, Loop, Phi, Printer, c_name, flat


class CWriter(LoopWriter):
    """Writes one function."""

    __slots__ = ("linear", "pointers", "vectors")

    def __init__(self, module: CModule) -> None:
        super().__init__(module)
        self.vectors: dict[str, list[str]] = {}
        self.pointers: dict[str, Pointer] = {}
        self.linear: dict[str, tuple[int, dict[str, int]]] = {}

    # Statements

    def effect(self, template: str, target: str = "") -> None:
        """Append a statement."""
        self.lines.append(Effect(template, target))

    def assign(self, name: str, kind: str, expression: str, fresh: bool = False) -> None:
        """Append the computation of a value."""
        self.lines.append(Assign(name, kind, expression, fresh))

    def root(self, token: str, base: str, element: str, const: bool) -> str:
        """Make an address known: `token` for what C calls `base`."""
        self.pointers[token] = Pointer(base, element, const)
        return token

    # Operands

    def lane(self, text: str, t: Lanes, i: int) -> str:
        """One lane of an operand."""
        if text.startswith("%"):
            if text in self.vectors:
                return self.vectors[text][i]
            return text if t.width == 1 else f"{text}_{i}"  # of a variable that is told of later
        if text.startswith("splat"):
            return self.lane(typed(text[text.index("(") + 1 : -1]).text, Lanes(t.element), 0)
        if text.startswith("<"):
            return self.lane(typed(ins.parts(text[1:-1])[i]).text, Lanes(t.element), 0)
        return ins.literal(t.element, text)

    def _lanes(self, name: str, t: Lanes, make: Callable[[int], str], fresh: bool = False) -> None:
        """Compute a value lane by lane."""
        if t.width == 1:
            self.assign(name, TYPES[t.element], make(0), fresh)
            return
        self.vectors[name] = [f"{name}_{i}" for i in range(t.width)]
        for i, one in enumerate(self.vectors[name]):
            self.assign(one, TYPES[t.element], make(i), fresh)

    # Instructions

    def op(self, text: str) -> str:
        """See `Writer`."""
        name = self.name()
        self.named(name, text)
        return name

    def named(self, name: str, text: str) -> None:
        """Append an instruction whose result has a name already."""
        opcode, _, rest = text.partition(" ")
        words = rest.split(" ")
        flags = set()
        while words[0] in ins.FLAGS:
            flags.add(words.pop(0))
        rest = " ".join(words)
        special = getattr(self, f"_op_{opcode}", None)
        if special is not None:
            special(name, rest, text)
        elif " to " in rest:
            self._cast(name, opcode, rest)
        else:
            self._binary(name, opcode, rest, flags)

    def _binary(self, name: str, opcode: str, rest: str, flags: set[str]) -> None:
        first, second = ins.parts(rest)
        t, a = typed(first)
        assert isinstance(t, Lanes)
        x, y = ([self.lane(v, t, i) for i in range(t.width)] for v in (a, second))
        signed = "nsw" in flags or (opcode == "add" and second == "0")
        if t == Lanes("i64") and opcode in ("add", "mul") and signed:
            self._note_linear(name, opcode, a, second)
        if opcode == "xor" and t.element == "i1":
            self._lanes(name, t, lambda i: f"!{x[i]}" if y[i] == "1" else f"{x[i]} ^ {y[i]}")
            return
        self._lanes(name, t, lambda i: ins.binary(opcode, t.element, x[i], y[i], signed))

    def _note_linear(self, name: str, opcode: str, a: str, b: str) -> None:
        known, terms = self._sum_of(a)
        if opcode == "mul":
            if b.lstrip("-").isdigit():
                k = int(b)
                self.linear[name] = known * k, {v: c * k for v, c in terms.items()}
            return
        more, others = self._sum_of(b)
        total = dict(terms)
        for v, c in others.items():
            total[v] = total.get(v, 0) + c
        if len(total) <= 6:
            self.linear[name] = known + more, total

    def _op_phi(self, name: str, rest: str, text: str) -> None:
        kind, _, rest = rest.partition(" [")
        t = typed(f"{kind} x").type
        pairs = [ins.parts(p.strip("[] ")) for p in ins.parts(f"[{rest}")]
        if not isinstance(t, Lanes):
            self.root(name, name, "char", False)
            self.lines.append(
                Phi(name, "char *", {block[1:]: self.bytes_at(v) for v, block in pairs})
            )
            return
        lanes = [name] if t.width == 1 else [f"{name}_{i}" for i in range(t.width)]
        if t.width > 1:
            self.vectors[name] = lanes
        for i, one in enumerate(lanes):
            values = {block[1:]: self.lane(v, t, i) for v, block in pairs}
            self.lines.append(Phi(one, TYPES[t.element], values))

    def _sum_of(self, text: str) -> tuple[int, dict[str, int]]:
        if text.lstrip("-").isdigit():
            return int(text), {}
        return self.linear.get(text, (0, {text: 1}))

    def _op_fneg(self, name: str, rest: str, text: str) -> None:
        t, a = typed(rest)
        assert isinstance(t, Lanes)
        self._lanes(name, t, lambda i: f"-{self.lane(a, t, i)}")

    def _compare(self, name: str, rest: str, text: str) -> None:
        condition, _, rest = rest.partition(" ")
        first, b = ins.parts(rest)
        t, a = typed(first)
        assert isinstance(t, Lanes)
        self._lanes(
            name, t.of("i1"),
            lambda i: ins.comparison(condition, t.element, self.lane(a, t, i), self.lane(b, t, i)),
        )  # fmt: skip

    _op_fcmp = _op_icmp = _compare

    def _op_select(self, name: str, rest: str, text: str) -> None:
        (ct, c), (t, a), (_, b) = map(typed, ins.parts(rest))
        assert isinstance(ct, Lanes)
        if not isinstance(t, Lanes):
            self.root(name, c_name(name), "char", False)
            choice = f"{self.lane(c, ct, 0)} ? {self.bytes_at(a)} : {self.bytes_at(b)}"
            self.lines.append(Effect(f"char *{c_name(name)} = {choice};"))
            return
        self._lanes(
            name, t, lambda i: f"{self.lane(c, ct, i if ct.width > 1 else 0)} ? {self.lane(a, t, i)} : {self.lane(b, t, i)}"
        )  # fmt: skip

    def _cast(self, name: str, opcode: str, rest: str) -> None:
        value, _, to_text = rest.rpartition(" to ")
        (t, a), to = typed(value), typed(to_text).type
        assert isinstance(t, Lanes)
        assert isinstance(to, Lanes)
        if opcode == "bitcast":
            single = "float" in (t.element, to.element)
            kind = "bits" if t.element in ("float", "double") else "real"
            f = self.module.helper(kind, "float" if single else "double")  # type: ignore[attr-defined]
            self._lanes(name, to, lambda i: f"{f}({self.lane(a, t, i)})")
            return
        self._lanes(name, to, lambda i: ins.cast(opcode, t.element, to.element, self.lane(a, t, i)))

    # Vectors: names only

    def _op_insertelement(self, name: str, rest: str, text: str) -> None:
        (t, v), (_, x), (_, at) = map(typed, ins.parts(rest))
        assert isinstance(t, Lanes)
        lanes = [self.lane(v, t, i) for i in range(t.width)]
        lanes[int(at)] = self.lane(x, Lanes(t.element), 0)
        self.vectors[name] = lanes

    def _op_extractelement(self, name: str, rest: str, text: str) -> None:
        (t, v), (_, at) = map(typed, ins.parts(rest))
        assert isinstance(t, Lanes)
        self._lanes(name, Lanes(t.element), lambda _: self.lane(v, t, int(at)))

    def _op_shufflevector(self, name: str, rest: str, text: str) -> None:
        first, second, mask = ins.parts(rest)
        (t, a), (_, b), (mt, picks) = typed(first), typed(second), typed(mask)
        assert isinstance(t, Lanes)
        assert isinstance(mt, Lanes)
        places = [int(self.lane(picks, mt, i)) for i in range(mt.width)]
        lanes = [
            self.lane(a, t, k) if k < t.width else self.lane(b, t, k - t.width) for k in places
        ]
        self.vectors[name] = lanes if mt.width > 1 else [lanes[0]]

    # Memory

    def _op_alloca(self, name: str, rest: str, text: str) -> None:
        kind = ins.parts(rest)[0]
        if kind.startswith("["):
            count, _, element = kind[1:-1].partition(" x ")
            size = int(count) * (Lanes(element).bits // 8)
        else:
            t = typed(f"{kind} x").type
            assert isinstance(t, Lanes)
            size = t.width * max(t.bits // 8, 1)
        base = c_name(name)
        self.lines.append(Effect(f"double {base}[{-(-size // 8)}];"))
        self.root(name, base, "char", False)

    def _op_getelementptr(self, name: str, rest: str, text: str) -> None:
        element, base, index = ins.parts(rest)
        size = 1 if element == "i8" else Lanes(element).bits // 8
        p = self._pointer(typed(base).text)
        known, terms = self._sum_of(typed(index).text)
        out = Pointer(p.base, p.element, p.const, p.known + known * size, p.terms)
        for v, c in terms.items():
            out.terms[v] = out.terms.get(v, 0) + c * size
        self.pointers[name] = out

    def _pointer(self, token: str) -> Pointer:
        found = self.pointers.get(token)
        if found is None:
            if not token.startswith("%v"):
                raise NotTranslated(f"the address {token}")
            return Pointer(token, "char", False)  # a variable that is told of later
        return found

    def element(self, token: str, element: str, step: int = 0) -> tuple[str, str]:
        """C's expression for the element at an address (`step` elements on), and its C type."""
        return self._pointer(token).at(element, step)

    def address(self, token: str, element: str) -> str:
        """C's expression for an address as a pointer to elements."""
        return self._pointer(token).to(element)

    def bytes_at(self, token: str) -> str:
        """C's expression for an address, as bytes."""
        return self._pointer(token).bytes()

    def _op_load(self, name: str, rest: str, text: str) -> None:
        kind, pointer = ins.parts(rest)[:2]
        t = typed(f"{kind} x").type
        assert isinstance(t, Lanes)
        p = typed(pointer).text

        self._lanes(name, t, lambda i: self._loaded(p, t, i), fresh=True)

    def _loaded(self, pointer: str, t: Lanes, i: int) -> str:
        """C's expression for a lane in memory."""
        out, kind = self.element(pointer, t.element, i)
        return out if kind == TYPES[t.element] else f"({TYPES[t.element]}){out}"

    def _store(self, t: Lanes, value: str, pointer: str, lanes: Sequence[int]) -> None:
        for i in lanes:
            place, kind = self.element(pointer, t.element, i)
            v = self.lane(value, t, i)
            self.effect(f"{place} = {v if kind == TYPES[t.element] else f'({kind}){v}'};")

    def do(self, text: str) -> None:
        """See `Writer`."""
        opcode, _, rest = text.partition(" ")
        if opcode == "store":
            value, pointer = ins.parts(rest)[:2]
            t, v = typed(value)
            assert isinstance(t, Lanes)
            self._store(t, v, typed(pointer).text, range(t.width))
        elif opcode == "call":
            self._call_for_effect(text)
        elif opcode == "br":
            places = ins.parts(rest)
            targets = tuple([p.rpartition("%")[2] for p in places if p.startswith("label")])
            condition = self.lane(typed(places[0]).text, Lanes("i1"), 0) if len(targets) > 1 else ""
            self.lines.append(Branch(self.block, condition, targets))
        elif opcode == "ret":
            t, v = typed(rest)
            self.effect("return;" if rest == "void" else f"return {self.lane(v, t, 0)};")  # type: ignore[arg-type]
        else:
            raise NotTranslated(text)

    def label(self, name: str) -> None:
        """See `Writer`."""
        self.block = name
        self.lines.append(Label(name))

    # Calls

    def _op_call(self, name: str, rest: str, text: str) -> None:
        result, callee, operands = _called(text)
        t = typed(f"{result} x").type
        assert isinstance(t, Lanes)
        if callee.startswith("llvm.masked.load"):
            mask = operands[2]
            assert isinstance(mask.type, Lanes)
            flags = [self.lane(mask.text, mask.type, i) for i in range(t.width)]
            zero = ins.literal(t.element, "zeroinitializer")

            def chosen(i: int) -> str:
                if flags[i] == "0":
                    return zero
                one = self._loaded(operands[0].text, t, i)
                return one if flags[i] == "1" else f"{flags[i]} ? {one} : {zero}"

            self._lanes(name, t, chosen, True)
            return
        if callee.startswith("llvm.vector.reduce.or"):
            mt = operands[0].type
            assert isinstance(mt, Lanes)
            self.assign(
                name, "int", " | ".join(self.lane(operands[0].text, mt, i) for i in range(mt.width))
            )
            return

        def one(i: int) -> str:
            given = [self.lane(o.text, o.type, i) for o in operands if isinstance(o.type, Lanes)]
            if callee.startswith("llvm."):
                return ins.intrinsic(callee.split(".")[1], t.element, given)
            if callee.startswith("dualtape.") and callee.split(".")[1] in FUNCTIONS:
                f = self.module.function(callee.split(".")[1], t.element, len(given))  # type: ignore[attr-defined]
                return f"{f}({', '.join(given)})"
            return f"{self.module.translated(callee)}({self._given(operands)})"  # type: ignore[attr-defined]

        if not callee.startswith(("llvm.", "dualtape.")) and t.width > 1:
            raise NotTranslated(f"{callee} of several lanes")
        self._lanes(name, t, one, fresh=not callee.startswith(("llvm.", "dualtape.")))

    def _given(self, operands: list[ins.Typed]) -> str:
        """Arguments of a private function."""
        return ", ".join([
            self.bytes_at(v) if kind == "ptr" else self.lane(v, kind, 0)  # type: ignore[arg-type]
            for kind, v in operands
        ])  # fmt: skip

    def _call_for_effect(self, text: str) -> None:
        _, callee, operands = _called(text)
        if callee.startswith("llvm.masked.store"):
            (t, value), pointer, _, (mt, mask) = operands
            assert isinstance(t, Lanes)
            assert isinstance(mt, Lanes)
            for i in range(t.width):
                flag = self.lane(mask, mt, i)
                if flag == "1":
                    self._store(t, value, pointer.text, [i])
                elif flag != "0":
                    place, kind = self.element(pointer.text, t.element, i)
                    self.effect(f"if ({flag}) {place} = ({kind}){self.lane(value, t, i)};")
            return
        if callee.startswith("gemm."):
            element = callee.split(".")[1]
            given = [
                self.lane(o.text, o.type, 0)
                if isinstance(o.type, Lanes)
                else self.address(o.text, element)
                for o in operands
            ]
            self.effect(f"{self.module.helper('gemm', element)}({', '.join(given)});")  # type: ignore[attr-defined]
            return
        self.effect(f"{self.module.translated(callee)}({self._given(operands)});")  # type: ignore[attr-defined]

    # Loops

    def loop(
        self, start: int | str, end: int | str, step: int,
        body: Callable[[str, list[str]], Sequence[str]], carried: Sequence[tuple[Lanes, str]] = (),
    ) -> list[str]:  # fmt: skip
        """See `LoopWriter`."""
        hoisted: list[Any] = []
        self.lines.append(hoisted)
        self.count += 1
        index = f"%i{self.count}"
        i64 = Lanes("i64")
        out = Loop(index, self.lane(str(start), i64, 0), self.lane(str(end), i64, 0), step)
        names = []
        places: list[list[str]] = []
        for t, first in carried:
            name = self.name().replace("%v", "%s")
            lanes = [name] if t.width == 1 else [f"{name}_{k}" for k in range(t.width)]
            if t.width > 1:
                self.vectors[name] = lanes
            for k, one in enumerate(lanes):
                out.carried.append((one, TYPES[t.element], self.lane(first, t, k)))
            names.append(name)
            places.append(lanes)
        outside = self.lines
        self.lines = out.body
        self.frames = [*self.frames, Frame(hoisted, self.block)]
        following = list(body(index, names))
        self.frames = self.frames[:-1]
        changed = {one for lanes in places for one in lanes}
        moves = []
        for (t, _), lanes, value in zip(carried, places, following, strict=True):
            for k, one in enumerate(lanes):
                new = self.lane(value, t, k)
                if new in changed and new != one:  # another variable, which may be changed first
                    kept = self.name()
                    self.assign(kept, TYPES[t.element], new, fresh=True)
                    new = kept
                moves.append((one, new))
        for one, new in moves:
            if one != new:
                self.effect(f"{one} = {new};", one)
        self.lines = outside
        self.lines.append(out)
        return names

    def text(self) -> str:
        """The function's body."""
        return Printer(self._statements(self.lines)).text()

    def _statements(self, lines: list[Any]) -> list[Any]:
        """The lines, with what others have put in as text made statements too."""
        out: list[Any] = []
        outside = self.lines
        for s in lines:
            if isinstance(s, list):
                out += self._statements(s)
            elif isinstance(s, str):
                name, _, rest = s.strip().partition(" = ")
                self.lines = []
                self.named(name, rest)
                out += flat(self.lines)
            else:
                if isinstance(s, Loop):
                    s.body = self._statements(s.body)
                out.append(s)
        self.lines = outside
        return out


def _called(text: str) -> tuple[str, str, list[ins.Typed]]:
    head, _, rest = text.partition("@")
    name, _, given = rest.partition("(")
    name = name.strip('"')
    given = given[: given.rindex(")")]
    return (
        head.removeprefix("call").strip(),
        name,
        [typed(p) for p in ins.parts(given)] if given else [],
    )
