"""What happens in a program as the recorder sees it: operations, backward passes, and the arrays that go through them."""

from __future__ import annotations

from itertools import count
from typing import Any

from ..core.callsite import Site
from .snapshots import Snapshot
from .stack import Path, Turns

serial = count().__next__

LEAF, CONSTANT, EARLIER, RESULT = "leaf", "constant", "earlier", "result"


class Seen:
    """A value of the program, at the time that it was seen.

    Attributes:
        kind: LEAF, CONSTANT, EARLIER or RESULT.
        shot: Its numbers.
        tangent: Those of the tangent that it carries (forward mode); None for none.
        maker: What it is a result of.
        number: Which of its results.
        names: What the program calls it, the best first.
        order: The clock of its edge, 0 without one.
        site: Where it was first seen.
        searched: Whether a name was looked for in the calls around.
        owner: Of a leaf: a weak reference to the tensor or variable that it is the value of; None where there is none.
        first, last: Of a leaf: the clock when it was seen with this value for the first and for the last time.
        things: The identities of the objects that it is, for `naming`.
    """

    __slots__ = (
        "first",
        "kind",
        "last",
        "maker",
        "names",
        "number",
        "order",
        "owner",
        "searched",
        "shot",
        "site",
        "tangent",
        "things",
    )

    def __init__(
        self, kind: str, shot: Snapshot, order: int = 0, maker: Ran | None = None, number: int = 0
    ) -> None:
        self.kind = kind
        self.shot = shot
        self.tangent: Snapshot | None = None
        self.order = order
        self.maker = maker
        self.number = number
        self.names: list[str] = []
        self.site: Site | None = None
        self.searched = False
        self.owner: Any = None
        self.first = self.last = 0
        self.things: tuple[int, ...] = ()


class Ran:
    """An operation that ran.

    Attributes:
        name: Of the primitive or function.
        primitive: None for what is no primitive, and cannot be looked into.
        operands, results: Its values.
        params: Static parameters.
        path, site: Where.
        order: The clock of its node, 0 if it was not recorded.
        why: Why it was not recorded.
        cut: The operands that have a history which it does not see, being detached.
        work: The backward pass that ran it, None for the program.
        rule: The operation whose rule it is a part of.
        turns: The iterations of loops that it ran in, for each call of `path`.
        thread: The name of its thread; "" for the one that the program was started in.
    """

    __slots__ = (
        "cut", "name", "operands", "order", "params", "path", "primitive", "results", "rule", "serial", "site", "thread",
        "turns", "why", "work",
    )  # fmt: skip

    def __init__(
        self, name: str, primitive: Any, params: dict[str, Any], path: Path, site: Site | None
    ) -> None:
        self.serial = serial()
        self.name = name
        self.primitive = primitive
        self.params = params
        self.path = path
        self.site = site
        self.operands: list[Seen] = []
        self.results: list[Seen | None] = []
        self.order = 0
        self.why: str | None = None
        self.cut: tuple[int, ...] = ()
        self.work: Swept | None = None
        self.rule: Ran | None = None
        self.turns: Turns = ()
        self.thread = ""


class Added:
    """What a rule gave for one operand, and where it went.

    Attributes:
        input: The operand's number.
        target: The value whose cotangent it is a part of.
        product: What the rule gave; None where that is `value`.
        value: What was added.
        before, after: What was there.
    """

    __slots__ = ("after", "before", "input", "product", "target", "value")

    def __init__(
        self,
        input: int,
        target: Seen,
        product: Snapshot | None,
        value: Snapshot,
        before: Snapshot | None,
        after: Snapshot,
    ) -> None:
        self.input = input
        self.target = target
        self.product = product
        self.value = value
        self.before = before
        self.after = after


class Stepped:
    """A visit to an operation in a backward pass: the cotangents that had arrived, and what came of them."""

    __slots__ = ("added", "cotangents", "ran")

    def __init__(self, ran: Ran, cotangents: list[Snapshot | None]) -> None:
        self.ran = ran
        self.cotangents = cotangents
        self.added: list[Added] = []


class Given:
    """What a pass gives for a value: its gradient, and `.grad` before and after if it was kept there."""

    __slots__ = ("after", "before", "gradient", "value")

    def __init__(self, value: Seen, gradient: Snapshot | None) -> None:
        self.value = value
        self.gradient = gradient
        self.before: Snapshot | None = None
        self.after: Snapshot | None = None


class Swept:
    """A backward pass.

    Attributes:
        kept: Whether its gradients were added to `.grad`.
        recorded: Whether it was recorded in its turn.
        roots: Values with the cotangents that it began with.
        steps, given: What it did, and what it gave.
        path, site: Where it was asked for.
        outer: The pass that it ran in.
        dropped: Whether it was run once more, and this is not the one that counts.
        thread: See `Ran`.
    """

    __slots__ = (
        "dropped",
        "given",
        "kept",
        "outer",
        "path",
        "recorded",
        "roots",
        "serial",
        "site",
        "steps",
        "thread",
    )

    def __init__(self, path: Path, site: Site | None, recorded: bool, outer: Swept | None) -> None:
        self.serial = serial()
        self.path = path
        self.site = site
        self.recorded = recorded
        self.outer = outer
        self.kept = False
        self.dropped = False
        self.roots: list[tuple[Seen, Snapshot]] = []
        self.steps: list[Stepped] = []
        self.given: list[Given] = []
        self.thread = ""


class Updated:
    """A leaf was written to, in whatever way: by an operation in place, an optimizer, an assignment.

    Attributes:
        leaf: The value that it had.
        value: The one that it has now; `Absent` if it is the same, None if that is not known.
        site: The line that wrote it, where the engine remembers one.
        then: The new value as the same piece of the run saw it; None if it did not.
    """

    __slots__ = ("leaf", "site", "then", "value")

    def __init__(self, leaf: Seen, value: Snapshot | None, then: Seen | None) -> None:
        self.leaf = leaf
        self.value = value
        self.then = then
        self.site: Site | None = None


Event = Ran | Swept
