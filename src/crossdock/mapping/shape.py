"""What the result of a mapping looks like, and where its values come from, read off the text alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crossdock.mapping.syntax import Kind, Node

#: Field names from the place where an expression stands; None: not a plain way down.
Way = tuple[str, ...] | None

_NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of an object that the mapping writes.

    `copies` leads to the source field when the value is that field and nothing else; `names` are the
    source fields that it may be a copy of (`a ? b : c` copies b or c).
    """

    key: str
    path: str  #: from the top of the result, without indexes: `lines.price`
    start: int
    end: int
    shape: Shape | None = None
    copies: Way = None
    names: frozenset[str] = _NO_NAMES


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with these fields; `closed`: and with no others.

    `rest` is the shape behind keys that are computed; their paths say `*`: `by_sku.*.quantity`.
    """

    entries: tuple[Entry, ...]
    closed: bool = True
    rest: Shape | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """One value or a list of values, each of one shape, made from the items that `way` leads to."""

    each: Shape
    way: Way


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes: which one is known only when the mapping runs."""

    shapes: tuple[Shape, ...]


Shape = Fields | Items | Either


@dataclass(frozen=True, slots=True)
class Call:
    """A question to a crosswalk: `$ours("ship_method", shipMethod)`."""

    function: str
    crosswalk: str | None  #: None when the name is computed
    way: Way  #: from the top of the source
    arguments: int
    start: int


@dataclass(slots=True)
class Outline:
    """All that the text of one mapping tells of its result."""

    shape: Shape | None
    calls: list[Call] = field(default_factory=list[Call])

    def entries(self) -> Iterator[Entry]:
        """Every field that the mapping writes, outermost first."""
        waiting: list[Shape] = [self.shape] if self.shape else []
        while waiting:
            match waiting.pop(0):
                case Fields(entries=entries, rest=rest):
                    yield from entries
                    waiting += [entry.shape for entry in entries if entry.shape] + ([rest] if rest else [])
                case Items(each=each):
                    waiting.append(each)
                case Either(shapes=shapes):
                    waiting += shapes


def outline(root: Node) -> Outline:
    """The outline of an expression."""
    reader = _Outliner()
    found = Outline(reader.shape(root, _Place((), (), frozenset())))
    reader.note_calls(root, ())
    found.calls = reader.calls
    return found


def copied(root: Node) -> frozenset[str]:
    """The source fields that the value of an expression may be a bare copy of."""
    return _Outliner().copied(root)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression stands: in the result (`path`) and in the source (`top`, None: unknown).

    `items` are the variables that hold the current item, as in `$map(lines, function($line){…})`.
    """

    path: tuple[str, ...]
    top: Way
    items: frozenset[str]

    def below(self, way: Way) -> _Place:
        top = None if way is None or self.top is None else self.top + way
        return _Place(self.path, top, frozenset())


_EACH = frozenset({"map"})
_KEEPS_ITEMS = frozenset({"filter", "sort", "reverse", "distinct", "shuffle", "single"})


class _Outliner:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._bound: dict[str, Node] = {}
        self._following: set[str] = set()

    def shape(self, node: Node, place: _Place) -> Shape | None:
        """The shape of a node's value; None: nothing is known of it."""
        match node.kind:
            case Kind.OBJECT:
                return self._fields(node, place)
            case Kind.GROUP:
                return self._fields(node.parts[1], place.below(None))
            case Kind.BLOCK:
                self._note_bindings(node)
                return self.shape(node.parts[-1], place) if node.parts else None
            case Kind.ARRAY:
                # A list in brackets is one list, not a list in a list.
                shapes = self._shapes(node.parts, place)
                return _either([each if isinstance(each, Items) else Items(each, ()) for each in shapes])
            case Kind.PATH:
                way = _way(node.parts[0], place.items)
                each = self.shape(node.parts[1], place.below(way))
                return Items(each, way) if each else None
            case Kind.FILTER:
                return self.shape(node.parts[0], place)
            case Kind.CHOICE:
                return _either(self._shapes(node.parts[1:], place))
            case Kind.EITHER:
                return _either(self._shapes(node.parts, place))
            case Kind.BIND:
                return self.shape(node.parts[1], place)
            case Kind.VARIABLE:
                return self._of_variable(node.text, place)
            case Kind.CALL:
                return self._of_call(node.parts[0], node.parts[1:], place)
            case Kind.PIPE:
                right = node.parts[1]
                called = right.parts if right.kind is Kind.CALL else (right,)
                return self._of_call(called[0], (node.parts[0], *called[1:]), place)
            case _:
                return None

    def _shapes(self, nodes: Sequence[Node], place: _Place) -> list[Shape]:
        return [shape for node in nodes if (shape := self.shape(node, place))]

    def _fields(self, node: Node, place: _Place) -> Fields:
        entries: list[Entry] = []
        others: list[Shape] = []
        for key, value in zip(node.parts[::2], node.parts[1::2], strict=True):
            if key.kind is not Kind.STRING:
                shape = self.shape(value, _Place((*place.path, "*"), None, frozenset()))
                others += [shape] if shape else []
                continue
            path = (*place.path, key.text)
            inner = _Place(path, place.top, place.items)
            shape = self.shape(value, inner)
            copies = None if shape else _way(value, place.items)
            names = _NO_NAMES if shape else self.copied(value)
            entries.append(
                Entry(key.text, ".".join(path), value.start, value.end, shape, copies or None, names)
            )
        return Fields(tuple(entries), len(entries) * 2 == len(node.parts), _either(others))

    def _note_bindings(self, block: Node) -> None:
        for part in block.parts:
            if part.kind is Kind.BIND:
                self._bound[part.text] = part.parts[1]

    def _of_variable(self, name: str, place: _Place) -> Shape | None:
        bound = self._bound.get(name)
        if bound is None or name in self._following:
            return None
        self._following.add(name)
        try:
            return self.shape(bound, _Place(place.path, None, frozenset()))
        finally:
            self._following.discard(name)

    def _of_call(self, function: Node, arguments: Sequence[Node], place: _Place) -> Shape | None:
        if function.kind is Kind.VARIABLE and function.text in self._bound:
            name, function = function.text, self._bound[function.text]
            if name in self._following:
                return None
            self._following.add(name)
            try:
                return self._of_call(function, (), place)
            finally:
                self._following.discard(name)
        if function.kind is Kind.LAMBDA:
            return self.shape(function.parts[0], place.below(None))
        if function.kind is not Kind.VARIABLE or not arguments:
            return None
        if function.text in _EACH and len(arguments) > 1 and arguments[1].kind is Kind.LAMBDA:
            way = _way(arguments[0], place.items)
            inner = place.below(way)
            item = arguments[1].text.split(" ")[0]
            each = self.shape(arguments[1].parts[0], _Place(place.path, inner.top, frozenset({item})))
            return Items(each, way) if each else None
        if function.text in _KEEPS_ITEMS:
            return self.shape(arguments[0], place)
        if function.text == "append":
            return _either([Items(each, None) for each in self._shapes(arguments, place)])
        return None

    def copied(self, node: Node) -> frozenset[str]:
        """The source fields that a value may be a bare copy of."""
        match node.kind:
            case Kind.NAME:
                return frozenset({node.text})
            case Kind.PATH:
                return self.copied(node.parts[1])
            case Kind.FILTER:
                return self.copied(node.parts[0])
            case Kind.BLOCK:
                self._note_bindings(node)
                return self.copied(node.parts[-1]) if node.parts else _NO_NAMES
            case Kind.ARRAY | Kind.EITHER:
                return _NO_NAMES.union(*map(self.copied, node.parts))
            case Kind.CHOICE:
                return _NO_NAMES.union(*map(self.copied, node.parts[1:]))
            case Kind.VARIABLE if node.text in self._bound and node.text not in self._following:
                self._following.add(node.text)
                try:
                    return self.copied(self._bound[node.text])
                finally:
                    self._following.discard(node.text)
            case _:
                return _NO_NAMES

    def note_calls(self, node: Node, top: Way) -> None:
        """Collects every question to a crosswalk, with the source field that it asks about."""
        if node.kind is Kind.CALL and node.parts[0].kind is Kind.VARIABLE:
            function = node.parts[0].text
            arguments: Sequence[Node] = node.parts[1:]
            if function in ("ours", "theirs"):
                literal = bool(arguments) and arguments[0].kind is Kind.STRING
                way = _way(arguments[1], frozenset()) if len(arguments) > 1 else None
                self.calls.append(
                    Call(
                        function,
                        arguments[0].text if arguments and literal else None,
                        None if way is None or top is None else top + way,
                        len(arguments),
                        node.start,
                    )
                )
        for index, part in enumerate(node.parts):
            inside = top
            if index and node.kind in (Kind.PATH, Kind.FILTER, Kind.GROUP):
                way = _way(node.parts[0], frozenset())
                inside = None if way is None or top is None else top + way
            elif node.kind is Kind.LAMBDA:
                inside = None
            self.note_calls(part, inside)


def _way(node: Node, items: frozenset[str]) -> Way:
    """The field names of a plain path from the current item; a filter leads the same way."""
    match node.kind:
        case Kind.NAME:
            return (node.text,)
        case Kind.VARIABLE if node.text == "" or node.text in items:
            return ()
        case Kind.PATH:
            first, second = _way(node.parts[0], items), _way(node.parts[1], frozenset())
            return None if first is None or second is None else first + second
        case Kind.FILTER:
            return _way(node.parts[0], items)
        case Kind.BLOCK if len(node.parts) == 1:
            return _way(node.parts[0], items)
        case _:
            return None


def _either(shapes: list[Shape]) -> Shape | None:
    if len(shapes) < 2:
        return shapes[0] if shapes else None
    return Either(tuple(shapes))


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
