"""A table that shows itself as text, as HTML in a notebook, and in colour where `rich` prints it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: Above it.
        names: Of the columns.
        rows: A text per column each.
        right: The columns whose texts stand to the right.
    """

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()

    def __str__(self) -> str:
        """The table with columns aligned by spaces."""
        lines = [tuple(self.names), *map(tuple, self.rows)]
        widths = [max(width(line[i]) for line in lines) for i in range(len(self.names))]
        lines.insert(1, tuple("-" * w for w in widths))
        text = [
            "  ".join(
                padded(cell, widths[i], i in self.right) for i, cell in enumerate(line)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*([self.title] if self.title else []), *text])

    __repr__ = __str__

    def html(self) -> str:
        """The table as an HTML element."""

        def row(cells: Sequence[str], tag: str) -> str:
            sides = ["right" if i in self.right else "left" for i in range(len(cells))]
            inner = "".join(
                f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>'
                for cell, side in zip(cells, sides, strict=True)
            )
            return f"<tr>{inner}</tr>"

        body = "".join(row(r, "td") for r in self.rows)
        title = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead>{row(self.names, 'th')}</thead><tbody>{body}</tbody></table>"

    _repr_html_ = html

    def __rich__(self) -> Any:
        """The same for `rich.print`."""
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(title=self.title or None)
        for i, name in enumerate(self.names):
            table.add_column(name, justify="right" if i in self.right else "left")
        for r in self.rows:
            table.add_row(*[Text(cell) for cell in r])
        return table


class Tabular:
    """What shows itself as the table that its `table` makes."""

    __slots__ = ()

    def table(self) -> Table:
        """As a table."""
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()

    def __rich__(self) -> Any:
        return self.table().__rich__()


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def padded(text: str, columns: int, right: bool) -> str:
    """A text with spaces to fill `columns`."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


__all__ = ["Table", "Tabular"]
