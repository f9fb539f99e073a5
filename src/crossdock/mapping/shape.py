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

    `start` is where its brace stands in the text. `rest` is the shape behind keys that are computed;
    their paths say `*`: `by_sku.*.quantity`.
    """

    entries: tuple[Entry, ...]
    start: int
    closed: bool = True
    rest: Shape | None = None
    known: Mapping[str, Entry] = field(init=False, repr=False, compare=False)  #: the entries by their keys

    def __post_init__(self) -> None:
        """Notes the entries by their keys."""
        object.__setattr__(self, "known", {entry.key: entry for entry in self.entries})


@dataclass(frozen=True, slots=True)
class Items:
    """One value or a list of values, each of one shape, made from the items that `way` leads to."""

    each: Shape
    way: Way


@dataclass(frozen=True, slots=True)
class Either:
    """One of several objects, or something copied: which one is known only when the mapping runs.

    So these objects are written with a mark, their `start`. `True`: it is made from the same item.
    """

    marked: Mapping[int, tuple[Fields, bool]]


Shape = Fields | Items | Either


@dataclass(slots=True)
class Outline:
    """All that the text of one mapping tells of its result."""

    shape: Shape | None
    unclear: list[int] = field(default_factory=list[int])  #: offsets of choices that cannot be followed

    def marks(self) -> list[int]:
        """Where the braces of all objects stand that must be marked, in order."""
        return sorted(
            {mark for shape in self._shapes() if isinstance(shape, Either) for mark in shape.marked}
        )

    def entries(self) -> Iterator[Entry]:
        """Every field that the mapping writes, outermost first."""
        for shape in self._shapes():
            if isinstance(shape, Fields):
                yield from shape.entries

    def _shapes(self) -> Iterator[Shape]:
        waiting: list[Shape] = [self.shape] if self.shape else []
        while waiting:
            shape = waiting.pop(0)
            yield shape
            match shape:
                case Fields(entries=entries, rest=rest):
                    waiting += [entry.shape for entry in entries if entry.shape] + ([rest] if rest else [])
                case Items(each=each):
                    waiting.append(each)
                case Either(marked=marked):
                    waiting += [fields for fields, _ in marked.values()]


def outline(root: Node) -> Outline:
    """The outline of an expression."""
    reader = _Outliner()
    shape = reader.shape(root, _Place((), (), frozenset()))
    return Outline(shape, reader.unclear)


def copied(root: Node) -> frozenset[str]:
    """The source fields that the value of an expression may be a bare copy of."""
    return _Outliner().copied(root)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression stands: in the result (`path`) and in the source (`top`, None: unknown).

    `items` are the variables that hold the current item, as in `$map(lines, function($line){…})`.
    `seen`: the value may also be looked at elsewhere, where a mark in it would be noticed.
    """

    path: tuple[str, ...]
    top: Way
    items: frozenset[str]
    seen: bool = False

    def below(self, way: Way) -> _Place:
        top = None if way is None or self.top is None else self.top + way
        return _Place(self.path, top, frozenset(), self.seen)

    def elsewhere(self) -> _Place:
        return _Place(self.path, None, frozenset(), seen=True)


#: Functions that give back items of their first argument, and those among them that look at no item.
_KEEPS_ITEMS = frozenset({"filter", "sort", "reverse", "distinct", "shuffle", "single"})
_LOOKS_AT_NONE = frozenset({"reverse", "shuffle"})
#: What is never an object, so that an object beside it needs no mark.
_NO_OBJECT = frozenset({Kind.STRING, Kind.NUMBER, Kind.VALUE, Kind.OPERATION, Kind.REGEX})


class _Outliner:
    def __init__(self) -> None:
        self.unclear: list[int] = []
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
                each = self._either(node, node.parts, place)
                # A list in brackets is one list, not a list in a list.
                return Items(each, ()) if each and not isinstance(each, Items) else each
            case Kind.PATH:
                way = way_of(node.parts[0], place.items)
                each = self.shape(node.parts[1], place.below(way))
                return Items(each, way) if each else None
            case Kind.FILTER:
                looks = any(map(_looks_at_whole, node.parts[1:]))
                return self.shape(node.parts[0], place.elsewhere() if looks else place)
            case Kind.CHOICE:
                return self._either(node, node.parts[1:], place)
            case Kind.EITHER:
                return self._either(node, node.parts, place.elsewhere() if node.text == "?:" else place)
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

    def _either(self, node: Node, options: Sequence[Node], place: _Place) -> Shape | None:
        """The shape of a value that is one of several."""
        shapes = [shape for option in options if (shape := self.shape(option, place))]
        others = [option for option in options if option.kind not in _NO_OBJECT]
        if len(shapes) == 1 and len(others) == 1:
            return shapes[0]
        marked: dict[int, tuple[Fields, bool]] = {}
        for shape in shapes:
            marked |= _objects(shape, direct=True)
        if marked and place.seen:
            self.unclear.append(node.start)
        return Either(marked) if marked else None

    def _fields(self, node: Node, place: _Place) -> Fields:
        entries: list[Entry] = []
        others: list[Shape] = []
        for key, value in zip(node.parts[::2], node.parts[1::2], strict=True):
            if key.kind is not Kind.STRING:
                shape = self.shape(value, _Place((*place.path, "*"), None, frozenset(), place.seen))
                others += [shape] if shape else []
                continue
            path = (*place.path, key.text)
            inner = _Place(path, place.top, place.items, place.seen)
            shape = self.shape(value, inner)
            copies = None if shape else way_of(value, place.items)
            names = _NO_NAMES if shape else self.copied(value)
            entries.append(
                Entry(key.text, ".".join(path), value.start, value.end, shape, copies or None, names)
            )
        closed = len(entries) * 2 == len(node.parts)
        return Fields(tuple(entries), node.start, closed, others[0] if len(others) == 1 else None)

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
            return self.shape(bound, place.elsewhere())
        finally:
            self._following.discard(name)

    def _of_call(self, function: Node, arguments: Sequence[Node], place: _Place) -> Shape | None:
        if function.kind is Kind.VARIABLE and function.text in self._bound:
            name, function = function.text, self._bound[function.text]
            if name in self._following:
                return None
            self._following.add(name)
            try:
                return self._of_call(function, (), place.elsewhere())
            finally:
                self._following.discard(name)
        if function.kind is Kind.LAMBDA:
            return self.shape(function.parts[0], place.below(None))
        if function.kind is not Kind.VARIABLE or not arguments:
            return None
        if function.text == "map" and len(arguments) > 1 and arguments[1].kind is Kind.LAMBDA:
            way = way_of(arguments[0], place.items)
            inner = place.below(way)
            item = arguments[1].text.split(" ")[0]
            each = self.shape(
                arguments[1].parts[0], _Place(place.path, inner.top, frozenset({item}), place.seen)
            )
            return Items(each, way) if each else None
        if function.text in _KEEPS_ITEMS:
            return self.shape(arguments[0], place if function.text in _LOOKS_AT_NONE else place.elsewhere())
        if function.text == "append":
            each = self._either(function, arguments, place)
            return Items(each, None) if each else None
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


def way_of(node: Node, items: frozenset[str] = frozenset()) -> Way:
    """The field names of a plain path from the current item; a filter leads the same way."""
    match node.kind:
        case Kind.NAME:
            return (node.text,)
        case Kind.VARIABLE if node.text == "" or node.text in items:
            return ()
        case Kind.PATH:
            first, second = way_of(node.parts[0], items), way_of(node.parts[1], frozenset())
            return None if first is None or second is None else first + second
        case Kind.FILTER:
            return way_of(node.parts[0], items)
        case Kind.BLOCK if len(node.parts) == 1:
            return way_of(node.parts[0], items)
        case _:
            return None


def _objects(shape: Shape, *, direct: bool) -> dict[int, tuple[Fields, bool]]:
    """The objects that a value of this shape may be, by their marks."""
    match shape:
        case Fields():
            return {shape.start: (shape, direct)}
        case Items(each=each, way=way):
            return _objects(each, direct=direct and way == ())
        case Either(marked=marked):
            return {mark: (fields, same and direct) for mark, (fields, same) in marked.items()}


def _looks_at_whole(node: Node) -> bool:
    """Whether a predicate or sort term may look at an item other than by the names of its fields."""
    if node.kind is Kind.WILDCARD or (node.kind is Kind.VARIABLE and node.text in ("", "$")):
        return True
    return any(map(_looks_at_whole, node.parts))
