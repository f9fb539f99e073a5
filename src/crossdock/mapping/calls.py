"""What a mapping asks of the hub and of its own variables, read off the text alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crossdock.mapping.shape import Way, way_of
from crossdock.mapping.syntax import Kind, Node

#: The functions that the hub adds, and how they are called.
HOST_FUNCTIONS: Mapping[str, Sequence[str]] = {
    "ours": ('"NAME"', "code"),
    "theirs": ('"NAME"', "code"),
    "convert": ("quantity", "from", "to", "sku"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A question to the hub: `$ours("ship_method", shipMethod)`.

    `ways` lead from the top of the document to each argument, None where it is no plain path.
    """

    function: str
    crosswalk: str | None  #: of `$ours` and `$theirs`; None when the name is computed
    ways: tuple[Way, ...]
    start: int


def calls(node: Node, top: Way = ()) -> Iterator[Call]:
    """Every question in an expression; `top` leads to where it stands."""
    if (
        node.kind is Kind.CALL
        and node.parts[0].text in HOST_FUNCTIONS
        and node.parts[0].kind is Kind.VARIABLE
    ):
        arguments: Sequence[Node] = node.parts[1:]
        named = arguments and arguments[0].kind is Kind.STRING
        yield Call(
            node.parts[0].text,
            arguments[0].text if named else None,
            tuple(_joined(top, way_of(argument)) for argument in arguments),
            node.start,
        )
    for index, part in enumerate(node.parts):
        inside = top
        if index and node.kind in (Kind.PATH, Kind.FILTER, Kind.GROUP):
            inside = _joined(top, way_of(node.parts[0]))
        elif node.kind is Kind.LAMBDA:
            inside = None
        yield from calls(part, inside)


def _joined(top: Way, way: Way) -> Way:
    return None if top is None or way is None else top + way


def variables(root: Node) -> tuple[Mapping[str, int], frozenset[str]]:
    """Variables that the text uses, with the offset of the first use, and those that it defines."""
    used: dict[str, int] = {}
    defined: set[str] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.kind is Kind.VARIABLE and node.text not in ("", "$"):
            used[node.text] = min(node.start, used.get(node.text, node.start))
        elif node.kind is Kind.BIND:
            defined.add(node.text)
        elif node.kind is Kind.LAMBDA:
            defined.update(node.text.split(" "))
        elif node.kind is Kind.FILTER and node.text[:1] in "@#":
            defined.add(node.text[1:])
        waiting += node.parts
    return used, frozenset(defined)
