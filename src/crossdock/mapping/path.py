"""A path of the charter (`customer.id`): one value out of a document."""

from __future__ import annotations

from typing import Any

import jlens

from crossdock.faults import Invalid, Misconfigured, Unreadable
from crossdock.mapping.dress import Loan
from crossdock.mapping.engine import compiled, evaluated
from crossdock.mapping.shape import copied
from crossdock.mapping.syntax import Kind, Node, Unparsed, parse


class Path:
    """A JSONata expression that picks a value; plain dotted names are followed without the engine."""

    def __init__(self, text: str, *, file: str = "", line: int = 1) -> None:
        """Compiles the path; `file` and `line` are where it is written. Raises Misconfigured."""
        self.text = text
        self._expression = compiled(text, file, line)
        try:
            root = parse(text)
        except Unparsed as error:
            raise Misconfigured(f"this path cannot be read: {error}", file=file, line=line) from None
        self.names = _names(root)  #: the steps of a plain path, None for any other
        self._copied = copied(root)

    def value(self, tree: Any) -> Any:
        """What stands there, with its own digits; None when nothing does. Raises Unreadable."""
        if self.names is None:
            return self._evaluated(tree)
        node = tree
        for name in self.names:
            if node.__class__ is dict:
                node = node.get(name)
            else:
                # JSONata steps through lists; below anything else there is nothing.
                return self._evaluated(tree) if node.__class__ is list else None
        return node

    def _evaluated(self, tree: Any) -> Any:
        loan = Loan(tree)
        try:
            # A path knows no clock and no chance: both are fixed.
            made = evaluated(self._expression, loan.lent(), 0.0, 0)
            return loan.dressed(made, None, self._copied)
        except (jlens.JlensError, Invalid) as error:
            says = f"{self.text} cannot be computed: {error}"
            raise Unreadable(says, status=422, path=self.text, fix="send a value that it can use") from None


def _names(node: Node) -> tuple[str, ...] | None:
    if node.kind is Kind.NAME:
        return (node.text,)
    if node.kind is Kind.PATH:
        first, second = map(_names, node.parts)
        return None if first is None or second is None else first + second
    return None
