"""What can be taken away from the rules of the trade: rows of tables, and branches of the functions that decide."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, fields
from functools import cache, partial
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

from crossdock.model.lifecycle import life
from crossdock.model.lifecycle.tables import TABLES, Move
from crossdock.pipeline.sourcing import sourcer
from crossdock.stock import reservation
from crossdock.stock.reservation import RESERVATION_MOVES, Reservation, ReservationState
from crossdock.stock.sourcing import calendar, choose

#: What a run must have met so that a cut can make a difference to it.
Met = tuple[object, ...]
_HEARS = "_met_"
_ROUTED: Met = ("an order is routed",)


@dataclass(frozen=True, slots=True)
class Cut:
    """Something that is taken away for one run."""

    what: str
    make: Callable[[], AbstractContextManager[None]]
    met: Met  #: a run that does not meet this is the same without it


# -- rows --------------------------------------------------------------------------------------------------------


def rows() -> Iterator[Cut]:
    """Every row of every table."""
    for part in fields(TABLES):
        every = tuple(getattr(TABLES, part.name))
        for row in every:
            less = tuple(one for one in every if one is not row)
            what = f"{part.name}: {row.before.value} -{row.told.value}-> {row.after.value}"
            yield Cut(what, partial(_attribute, TABLES, part.name, less), _row_met(row))
    for before, every in RESERVATION_MOVES.items():
        for after in sorted(every, key=lambda one: one.value):
            less = {**RESERVATION_MOVES, before: every - {after}}
            what = f"reservation: {before.name.lower()} -> {after.name.lower()}"
            makes = partial(_attribute, reservation, "RESERVATION_MOVES", less)
            yield Cut(what, makes, (before, after))
    for module, name in ((choose, "LIMITS"), (choose, "FACTORS"), (calendar, "IDLE")):
        every = getattr(module, name)
        for place in range(len(every)):
            less = every[:place] + every[place + 1 :]
            makes = partial(_attribute, module, name, less)
            yield Cut(f"{name}: {_named(every[place])}", makes, _ROUTED)
    for fate in choose.FATES:
        less = {one: does for one, does in choose.FATES.items() if one is not fate}
        yield Cut(f"FATES: {fate.value}", partial(_attribute, choose, "FATES", less), _ROUTED)


def _named(row: Any) -> str:
    return str(row[0]) if isinstance(row, tuple) else row.__name__.strip("_")


def _row_met(row: Move) -> Met:
    return (type(row.before), row.before, row.told)


@contextmanager
def _attribute(owner: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    # The tables are one frozen object that every life begins with.
    put = setattr if isinstance(owner, ModuleType) else object.__setattr__
    put(owner, name, value)
    try:
        yield
    finally:
        put(owner, name, before)


# -- branches ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Branch:
    """One condition of one function, and what it is held at when its branch is taken away."""

    text: str
    held: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A function that decides, with its source."""

    name: str  #: module and function
    function: Any
    source: str
    file: str
    owner: str

    @property
    def branches(self) -> Sequence[Branch]:
        """Its conditions, in the order of the text."""
        return [branch for _, branch in _conditions(self._node(ast.parse(self.source)))]

    def without(self, place: int) -> CodeType:
        """Its code with one condition that never changes."""
        return self._code({place: lambda _: ast.Constant(self.branches[place].held)})

    def heard(self) -> CodeType:
        """Its code with every condition telling what it was."""

        def tells(index: int) -> Callable[[ast.expr], ast.expr]:
            ear = ast.Name(_HEARS, ast.Load())
            where = ast.Constant(f"{self.name} {index}")
            return lambda test: ast.Call(ear, [where, test], [])

        return self._code({index: tells(index) for index in range(len(self.branches))})

    def _code(self, changes: Mapping[int, Callable[[ast.expr], ast.expr]]) -> CodeType:
        tree = ast.parse(self.source)
        found = list(_conditions(self._node(tree)))
        for place, change in sorted(changes.items(), reverse=True):
            found[place][0](change)
        ast.fix_missing_locations(tree)
        code = compile(tree, self.file, "exec", dont_inherit=True)
        for wanted in filter(None, (self.owner, self.function.__name__)):
            code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == wanted)
        return code

    def _node(self, tree: ast.Module) -> ast.AST:
        within: Any = tree
        if self.owner:
            within = next(
                one for one in within.body if isinstance(one, ast.ClassDef) and one.name == self.owner
            )
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return next(
            one for one in within.body if isinstance(one, kinds) and one.name == self.function.__name__
        )


#: Puts another expression in the place of a condition.
Put = Callable[[Callable[[ast.expr], ast.expr]], None]


def _conditions(function: ast.AST) -> Iterator[tuple[Put, Branch]]:
    """Every condition, and how it is changed; a condition with something on both sides twice."""
    for one in ast.walk(function):
        if isinstance(one, ast.If | ast.IfExp):
            says = _plain(one.test)
            yield _put(one, "test"), Branch(says, held=False)
            if isinstance(one, ast.IfExp) or one.orelse:
                yield _put(one, "test"), Branch(f"{says}, else", held=True)
        elif isinstance(one, ast.match_case) and not _is_rest(one):
            yield _put(one, "guard"), Branch(f"case {_plain(one.pattern)}", held=False)
        elif isinstance(one, ast.comprehension):
            for place, test in enumerate(one.ifs):
                yield _put(one.ifs, place), Branch(f"only if {_plain(test)}", held=True)


def _put(owner: Any, place: str | int) -> Put:
    def change(made: Callable[[ast.expr], ast.expr]) -> None:
        if isinstance(place, int):
            owner[place] = made(owner[place])
        else:
            setattr(owner, place, made(getattr(owner, place) or ast.Constant(True)))

    return change


def _plain(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _is_rest(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def policies(places: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[Policy]:
    """The functions of some places: module, class (none: the module's own functions), names (none: all)."""
    for module_name, owner, names in places:
        module = importlib.import_module(f"crossdock.{module_name}")
        place = getattr(module, owner) if owner else module
        for name in names or list(vars(place)):
            function = _function(inspect.getattr_static(place, name))
            if function is not None and function.__module__ == module.__name__ and name[:2] != "__":
                source, file = _source(module), module.__file__ or ""
                yield Policy(f"{module_name}.{name}", function, source, file, owner)


@cache
def _source(module: ModuleType) -> str:
    return inspect.getsource(module)


def _function(found: Any) -> FunctionType | None:
    found = getattr(found, "__func__", found)
    found = found.fget if isinstance(found, property) else found
    whole: object = inspect.unwrap(found) if callable(found) else None
    return cast("FunctionType", whole) if type(whole) is FunctionType else None


def branches(places: Sequence[tuple[str, str, Sequence[str]]]) -> Iterator[Cut]:
    """Every branch of some functions: never taken."""
    for policy in policies(places):
        for place, branch in enumerate(policy.branches):
            makes = partial(_without, policy, place)
            yield Cut(f"{policy.name}: {branch.text}", makes, (f"{policy.name} {place}", not branch.held))


def _without(policy: Policy, place: int) -> AbstractContextManager[None]:
    return _code_of(policy.function, policy.without(place))


@contextmanager
def _code_of(function: FunctionType, code: CodeType) -> Iterator[None]:
    before = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = before


# -- what a run meets ----------------------------------------------------------------------------------------------


@contextmanager
def heard(places: Sequence[tuple[str, str, Sequence[str]]], met: set[Met]) -> Iterator[None]:
    """While it lasts, every row that is gone and every condition is put into `met`."""
    with ExitStack() as stack:
        for function, code in _heard(tuple(places)):
            function.__globals__[_HEARS] = _ear(met)
            stack.enter_context(_code_of(function, code))
        stack.enter_context(_steps_heard(met))
        yield


@cache
def _heard(places: tuple[tuple[str, str, Sequence[str]], ...]) -> Sequence[tuple[Any, CodeType]]:
    """Written anew once, for all runs."""
    return [(policy.function, policy.heard()) for policy in policies(places)]


def _ear(met: set[Met]) -> Callable[[str, Any], Any]:
    def ear(where: str, value: Any) -> Any:
        met.add((where, bool(value)))
        return value

    return ear


@contextmanager
def _steps_heard(met: set[Met]) -> Iterator[None]:
    step, moved, chosen = life.step, Reservation.moved, sourcer.choose

    def tells_step(*given: Any, **more: Any) -> Any:
        found = step(*given, **more)
        met.update(_row_met(row) for row in found.rows)
        return found

    def tells_move(one: Reservation, to: ReservationState, **changed: Any) -> Reservation:
        met.add((one.state, to))
        return moved(one, to, **changed)

    def tells_choice(*given: Any, **more: Any) -> Any:
        met.add(_ROUTED)
        return chosen(*given, **more)

    with ExitStack() as stack:
        stack.enter_context(_attribute(life, "step", tells_step))
        stack.enter_context(_attribute(sourcer, "choose", tells_choice))
        stack.enter_context(_attribute_of_class(Reservation, "moved", tells_move))
        yield


@contextmanager
def _attribute_of_class(owner: type, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
