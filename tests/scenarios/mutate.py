"""Takes away one row of a lifecycle table, or one branch of a policy, after the other: a scenario must turn red.

`python -m tests.scenarios.mutate` prints one line for each, with the scenario that noticed; `--rows` and `--branches`
do one half. Exit status 1 when something could go that nobody would miss.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import logging
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import structlog

from crossdock.model.lifecycle.tables import TABLES
from crossdock.scenario.run import gathered, run_one
from crossdock.scenario.script import Scenario

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
#: A run that a mutation drives in circles is stopped, and counts as red.
_ALARM_S = 60
#: Where the rules of the trade are decided: module, class (none: the module's own functions), functions.
POLICIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("charter.orders", "Orders", ("sends",)),
    (
        "pipeline.progress",
        "Progress",
        ("_refuse", "_lacks", "_hold_back", "_opens_ms", "_late_wishes", "_amend"),
    ),
    ("pipeline.aftermath", "Aftermath", ("asleep", "follow", "answered", "tell")),
    ("pipeline.withdrawal", "Withdrawal", ("by", "behind", "_by_the_desk")),
    ("pipeline.stockkeeping.keeper", "Keeper", ("decided", "_ordered")),
    ("pipeline.stockkeeping.cancelling", "", ("taken_back", "never_sent", "given_back")),
    ("pipeline.particulars", "", ("particulars",)),
    ("pipeline.check", "", ("items", "_item", "ownership")),
    ("model.receiving", "", ()),
    ("model.returning", "", ()),
    ("pipeline.amending", "", ("changes_of",)),
)


@dataclass(frozen=True, slots=True)
class Cut:
    """Something that is taken away for one run over all scenarios."""

    what: str
    make: Callable[[], Any]


class TooLong(Exception):
    """A run in circles."""


# -- rows ------------------------------------------------------------------------------------------------------


def rows() -> Iterator[Cut]:
    """Every row of every table."""
    for part in fields(TABLES):
        every = tuple(getattr(TABLES, part.name))
        for row in every:
            less = tuple(one for one in every if one is not row)
            what = f"{part.name}: {row.before.value} -{row.told.value}-> {row.after.value}"
            yield Cut(what, lambda name=part.name, less=less: _table(name, less))


@contextmanager
def _table(name: str, less: Sequence[object]) -> Iterator[None]:
    before = getattr(TABLES, name)
    object.__setattr__(TABLES, name, less)  # the one object that every life begins with
    try:
        yield
    finally:
        object.__setattr__(TABLES, name, before)


# -- branches ------------------------------------------------------------------------------------------------------


def branches() -> Iterator[Cut]:
    """Every branch of the policies: never taken."""
    for module_name, owner, names in POLICIES:
        module = importlib.import_module(f"crossdock.{module_name}")
        place = getattr(module, owner) if owner else module
        source = inspect.getsource(module)
        found = names or tuple(
            name for name, one in vars(module).items()
            if isinstance(one, types.FunctionType) and one.__module__ == module.__name__
        )  # fmt: skip
        for name in found:
            function: Any = inspect.unwrap(getattr(place, name))
            tests = list(_tests(_node(ast.parse(source), owner, name)))
            for index, test in enumerate(tests):
                code = _code(source, owner, name, index, module.__file__ or "")
                says = " ".join(ast.unparse(test).split())
                what = f"{module_name}.{name}: {says[:90]}"
                yield Cut(what, lambda function=function, code=code: _swapped(function, code))


def _node(tree: ast.AST, owner: str, name: str) -> ast.AST:
    """A function of a class or a module."""
    within: Any = tree
    if owner:
        within = next(one for one in within.body if isinstance(one, ast.ClassDef) and one.name == owner)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return next(one for one in within.body if isinstance(one, kinds) and one.name == name)


def _tests(function: ast.AST) -> Iterator[ast.expr]:
    """The conditions of its branches, in the order of the text."""
    for one in ast.walk(function):
        if isinstance(one, ast.If | ast.IfExp):
            yield one.test
        elif isinstance(one, ast.match_case) and not _is_rest(one):
            yield one.guard or ast.Constant(ast.unparse(one.pattern))


def _is_rest(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def _code(source: str, owner: str, name: str, index: int, file: str) -> types.CodeType:
    """The function with one condition that never holds."""
    tree = ast.parse(source)
    function = _node(tree, owner, name)
    count = -1
    for one in ast.walk(function):
        if isinstance(one, ast.If | ast.IfExp):
            count += 1
            if count == index:
                one.test = ast.copy_location(ast.Constant(False), one.test)
        elif isinstance(one, ast.match_case) and not _is_rest(one):
            count += 1
            if count == index:
                one.guard = ast.Constant(False)
    ast.fix_missing_locations(tree)
    whole = compile(tree, file, "exec", dont_inherit=True)
    return _inside(whole, owner, name)


def _inside(code: types.CodeType, owner: str, name: str) -> types.CodeType:
    within = code
    for wanted in filter(None, (owner, name)):
        within = next(
            one for one in within.co_consts if isinstance(one, types.CodeType) and one.co_name == wanted
        )
    return within


@contextmanager
def _swapped(function: Any, code: types.CodeType) -> Iterator[None]:
    before = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = before


# -- proof -----------------------------------------------------------------------------------------------------------


def noticed(cut: Cut, scenarios: list[Scenario]) -> str | None:
    """The first scenario that turns red; it goes to the front, since it may notice the next one too."""
    with cut.make():
        for place, scenario in enumerate(scenarios):
            if not _holds(scenario):
                scenarios.insert(0, scenarios.pop(place))
                return f"{scenario.name} ({Path(scenario.file).name}:{scenario.line})"
    return None


def _holds(scenario: Scenario) -> bool:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_ALARM_S)
    try:
        return run_one(scenario).holds
    except Exception:  # a hub that breaks is one that was noticed
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """One cut after the other; 1 when something could go unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", action="store_true", help="rows of the tables only")
    parser.add_argument("--branches", action="store_true", help="branches of the policies only")
    parser.add_argument("--only", default="", help="those with this text")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    both = options.rows == options.branches
    cuts = [*(rows() if both or options.rows else ()), *(branches() if both or options.branches else ())]
    cuts = [cut for cut in cuts if options.only in cut.what]
    scenarios, problems = gathered(
        [one for one in sorted(FOLDER.iterdir()) if one.is_dir() and one.name != "matrix"]
    )
    matrix, _ = gathered([FOLDER / "matrix"])
    scenarios += matrix[:: max(len(matrix) // 40, 1)]
    assert not problems, problems
    red = [one for one in scenarios if not _holds(one)]
    assert not red, f"red before anything was taken away: {[one.name for one in red]}"
    unseen = 0
    for cut in cuts:
        by = noticed(cut, scenarios)
        unseen += by is None
        print(f"{'red  ' if by else 'GREEN'}  {cut.what:100}  {by or 'nobody would miss it'}", flush=True)
    print(f"{len(cuts) - unseen} of {len(cuts)} noticed")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
