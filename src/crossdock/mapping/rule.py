"""One mapping file, compiled: a tree of theirs to a tree of ours, or the other way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NoReturn

import jlens

from crossdock.faults import Fault, Invalid, Misconfigured, Unmapped
from crossdock.mapping.calls import HOST_FUNCTIONS, calls, variables
from crossdock.mapping.dress import Loan, number_in, spelled
from crossdock.mapping.engine import FUNCTIONS, STEPS_MAX, compiled, evaluated
from crossdock.mapping.shape import Entry, outline
from crossdock.mapping.syntax import Unparsed, parse

#: Looks a code up: crosswalk name and code to code. Raises Unmapped.
Lookup = Callable[[str, object], str]
#: Quantity, from unit, to unit and sku to quantity, exactly. Raises Invalid.
Convert = Callable[[Decimal, str, str, str], Decimal | int]


def no_units(quantity: Decimal, from_unit: str, to_unit: str, sku: str) -> Decimal:
    """Stands in where no item master is at hand."""
    del quantity
    raise Invalid(
        f"no packs are known that turn {from_unit} into {to_unit} for {sku}",
        value=from_unit,
        fix="give the item's packs, or convert in the mapping",
        type="unknown_unit",
    )


#: What may stand between the braces of an object without fields.
_EMPTY = re.compile(r"(?:\s|/\*.*?\*/)*\}", re.DOTALL)


class Rule:
    """A JSONata mapping with `$ours`, `$theirs` and `$convert`, and with every field accounted for."""

    def __init__(self, text: str, *, file: str = "", optional: Collection[str] = ()) -> None:
        """Compiles the text. `optional` are result paths without indexes that may come out undefined.

        Raises Misconfigured with the line of the mapping file.
        """
        self.file = file
        self.text = text
        compiled(text, file)
        try:
            root = parse(text)
        except Unparsed as error:
            raise misplaced(
                f"the mapping cannot be looked through: {error}", text, file, error.offset
            ) from None
        self._outline = outline(root)
        self._check_choices()
        self._marks = self._outline.marks()
        self._expression = compiled(_marked(text, self._marks), file)
        self._optional = frozenset(optional)
        self._check_variables(*variables(root))
        #: Every question that the rule asks a crosswalk or the item master.
        self.calls = tuple(calls(root))
        self._check_calls()
        self._run = threading.local()
        for name, function in (("ours", self._ours), ("theirs", self._theirs), ("convert", self._convert)):
            self._expression.register_function(name, function)

    @property
    def paths(self) -> frozenset[str]:
        """Every field of the result that the text names, as a path without indexes."""
        return frozenset(entry.path for entry in self._outline.entries())

    @property
    def written_on(self) -> Mapping[str, int]:
        """The line of the mapping file on which each of these paths is written first."""
        lines: dict[str, int] = {}
        for entry in self._outline.entries():
            line = self.text.count("\n", 0, entry.start) + 1
            lines[entry.path] = min(line, lines.get(entry.path, line))
        return lines

    def run(
        self,
        tree: object,
        *,
        ours: Lookup,
        theirs: Lookup,
        convert: Convert = no_units,
        now_s: float,
        seed: int,
    ) -> Any:
        """The result for one tree, which stays as it is.

        Raises Invalid (a field came out undefined, or the rule cannot compute), Unmapped, and
        whatever `convert` raises; `path` leads to the field.
        """
        run = self._run
        run.ours, run.theirs, run.convert = ours, theirs, convert
        loan = Loan(tree)
        try:
            made = evaluated(self._expression, loan.lent(), now_s, seed)
        except jlens.JlensError as error:
            self._refuse(error)
        except Fault as fault:
            self._locate(fault, tree)
            raise
        if made is None:
            raise Invalid(
                f"{self.file or 'the mapping'} made nothing of this document", fix="see the mapping"
            )
        made = loan.dressed(made, self._outline.shape)
        if loan.missing:
            self._refuse_missing(loan)
        return made

    def _ours(self, crosswalk: object = None, code: object = None) -> str:
        return self._run.ours(crosswalk if isinstance(crosswalk, str) else "", code)

    def _theirs(self, crosswalk: object = None, code: object = None) -> str:
        return self._run.theirs(crosswalk if isinstance(crosswalk, str) else "", code)

    def _convert(
        self, quantity: object = None, from_unit: object = None, to_unit: object = None, sku: object = None
    ) -> float | str:
        if isinstance(quantity, bool) or not isinstance(quantity, int | float):
            raise Invalid("$convert needs a number as its quantity", value=quantity, fix="map the quantity")
        exact = Decimal(quantity) if isinstance(quantity, int) else Decimal(format(quantity, ".15g"))
        result = self._run.convert(exact, str(from_unit), str(to_unit), str(sku))
        return result if isinstance(result, int) else number_in(result)

    def _refuse_missing(self, loan: Loan) -> None:
        missing = [(entry, where) for entry, where in loan.missing if entry.path not in self._optional]
        if not missing:
            return
        entry, where = missing[0]
        also = ", ".join(spelled(other) for _, other in missing[1:4])
        raise Invalid(
            f"{spelled(where)} came out undefined" + (f" (and {also})" if also else ""),
            path=spelled(where),
            fix=f"send a value, or list it in the flow: `optional: [{entry.path}]` ({self._line(entry.start)})",
        )

    def _refuse(self, error: jlens.JlensError) -> NoReturn:
        """Turns an error of the engine into a fault that names the place and the value."""
        offset = _unmarked(error.position or 0, self.text, self._marks)
        inside = [entry for entry in self._outline.entries() if entry.start <= offset <= entry.end]
        innermost = min(inside, key=_length) if inside else None
        if error.code == "U1006":
            raise Invalid(
                f"the mapping took more than {STEPS_MAX} steps ({self._line(offset)})",
                fix="see whether it calls itself without end",
            )
        raise Invalid(
            f"the mapping cannot compute: {error} ({self._line(offset)})",
            path=innermost.path if innermost else "",
            value=_scalar(error.value),
            fix="mend the value, or let the mapping deal with it",
        )

    def _locate(self, fault: Fault, tree: object) -> None:
        """Adds the source field to a fault of a lookup or a conversion."""
        name = fault.crosswalk if isinstance(fault, Unmapped) else None
        for call in self.calls:
            if not fault.path and call.crosswalk == name and (name or fault.value is not None):
                # The name of the crosswalk comes first and is no field of the document.
                ways = call.ways[1:] if call.function != "convert" else call.ways
                places = (_place(tree, way, fault.value) for way in ways if way)
                fault.path = next(filter(None, places), "")

    def _check_choices(self) -> None:
        """One of several objects behind a variable could lose a field unseen."""
        for offset in self._outline.unclear:
            says = "the hub cannot tell which of these objects it will be"
            fix = "write the choice where its value stands in the result, not behind a variable or function"
            raise misplaced(says, self.text, self.file, offset, fix)

    def _check_variables(self, used: Mapping[str, int], defined: frozenset[str]) -> None:
        known = FUNCTIONS | defined | HOST_FUNCTIONS.keys()
        for name, offset in used.items():
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"write ${near[0]}" if near else "define it with := first"
                raise misplaced(
                    f"${name} is no function and no variable here", self.text, self.file, offset, hint
                )

    def _check_calls(self) -> None:
        for call in self.calls:
            wanted = HOST_FUNCTIONS[call.function]
            if len(call.ways) != len(wanted):
                says = f"${call.function} takes {len(wanted)} arguments, here it has {len(call.ways)}"
                fix = f"write ${call.function}({', '.join(wanted)})"
                raise misplaced(says, self.text, self.file, call.start, fix)

    def _line(self, offset: int) -> str:
        return f"{self.file or 'mapping'}:{self.text.count(chr(10), 0, offset) + 1}"


def misplaced(says: str, text: str, file: str, offset: int, fix: str = "") -> Misconfigured:
    """A fault at an offset of a mapping's text."""
    return Misconfigured(says, file=file, line=text.count("\n", 0, offset) + 1, fix=fix)


def _marked(text: str, marks: Sequence[int]) -> str:
    """The text with a mark behind each of these braces."""
    for start in reversed(marks):
        text = text[: start + 1] + _mark(text, start) + text[start + 1 :]
    return text


def _mark(text: str, start: int) -> str:
    empty = _EMPTY.match(text, start + 1)
    return f'"\\u0001": {start}' + ("" if empty else ", ")


def _unmarked(offset: int, text: str, marks: Sequence[int]) -> int:
    """The offset in the text of an offset in the marked text."""
    shift = 0
    for start in marks:
        if offset <= start + shift:
            break
        shift += len(_mark(text, start))
    return max(0, offset - shift)


def _length(entry: Entry) -> int:
    return entry.end - entry.start


def _scalar(value: object) -> object:
    if isinstance(value, dict | list):
        return None
    return value[:200] if isinstance(value, str) else value


def _place(tree: Any, way: tuple[str, ...], value: object, path: str = "") -> str:
    """The first place on a way through the tree that has the value (None: has nothing)."""
    if tree.__class__ is list:
        places = (_place(item, way, value, f"{path}[{i}]") for i, item in enumerate(tree))
        return next(filter(None, places), "")
    if not way:
        return path if tree == value or str(tree) == str(value) else ""
    inner = tree.get(way[0]) if tree.__class__ is dict else None
    return _place(inner, way[1:], value, f"{path}.{way[0]}" if path else way[0])
