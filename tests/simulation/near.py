"""Which tests look at what a patch changes: those that speak of it or name its module first, its room, the others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

#: Rooms of the code, and the tests that look at their guards one by one; the first that fits counts.
TESTS_OF = (
    ("src/crossdock/journal/postgresql/", ("tests/journal", "tests/pipeline/test_hosts_share_a_database.py",
                                           "tests/pipeline/test_two_workers_share_a_store.py")),
    ("src/crossdock/journal/", ("tests/journal", "tests/pipeline")),
    ("src/crossdock/pipeline/stockkeeping/", ("tests/pipeline/stockkeeping",)),
    ("src/crossdock/pipeline/sourcing/", ("tests/pipeline/sourcing", "tests/pipeline/stockkeeping")),
    ("src/crossdock/pipeline/", ("tests/pipeline",)),
    ("src/crossdock/kit/", ("tests/kit", "tests/connectors/http")),
    ("src/crossdock/message/", ("tests/message", "tests/pipeline", "tests/governance")),
    ("src/crossdock/connectors/edi/", ("tests/connectors/edi",)),
    ("src/crossdock/connectors/files/", ("tests/connectors/files",)),
    ("src/crossdock/connectors/tryton/", ("tests/connectors/tryton",)),
    ("src/crossdock/connectors/", ("tests/connectors/http", "tests/connectors/warehouse")),
    ("src/crossdock/access/", ("tests/access", "tests/console")),
    ("src/crossdock/api/", ("tests/api", "tests/console")),
    ("src/crossdock/backup/", ("tests/journal", "tests/cli")),
    ("src/crossdock/stock/", ("tests/stock", "tests/pipeline/stockkeeping", "tests/pipeline/sourcing")),
    ("src/crossdock/model/lifecycle/", ("tests/lifecycle", "tests/pipeline/test_lives_of_orders.py")),
    ("src/crossdock/control/", ("tests/control", "tests/watch")),
    ("src/crossdock/reconciliation/", ("tests/pipeline", "tests/watch")),
)  # fmt: skip
#: What cannot run in a copy, or says nothing of a guard: pages, browsers, other programs, the rules of the house.
_NOT_ASKED = re.compile(
    r"tests/(?:test_[^/]*|(?:docs|demo|crash|fuzz|peers|harness|scenarios)/.*|console/.*_browser\.py"
    r"|connectors/tryton/test_(?:server|.*_real_tryton)\.py)$"
)
_NAMES = re.compile(r"^\s*(?:from|import) (crossdock[\w.]*)(?: import ([^\n#(]+|\([^)]*\)))?", re.MULTILINE)


#: A name says which tests are meant where so few files have it, and it is no short word.
_RARE_MAX, _NAME_LEAST = 6, 8
_WORD = re.compile(rf"[a-z_][a-z0-9_]{{{_NAME_LEAST - 1},}}", re.IGNORECASE)


def words_of(before: str, after: str) -> set[str]:
    """The names in the lines that differ, and in those around them."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=4))[2:]
    return {word for line in lines if not line.startswith("@@") for word in _WORD.findall(line)}


def stages(touched: Iterable[str], root: Path, words: Iterable[str] = ()) -> list[tuple[str, list[str]]]:
    """The test files in the order in which they are asked, and which those are: each once, none without a file."""
    touched, named, every = list(touched), _named(root), _every(root)
    modules = {
        path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in touched
    }
    rooms = [test for path in touched for test in _room(path)]
    speak = _speaking(root, every, words)
    found = dict[str, str]()
    for one in every:
        if one in speak:
            found[one] = _SPEAK
        elif named[one] & modules:
            found[one] = _NAME
        elif any(one == test or one.startswith(f"{test}/") for test in rooms):
            found[one] = _ROOM
        else:
            found[one] = _REST
    asked = (_SPEAK, _NAME, _ROOM, _REST)
    return [(word, files) for word in asked if (files := [one for one in every if found[one] == word])]


_SPEAK, _NAME = "that speak of what it changes", "that name what it changes"
_ROOM, _REST = "of its room", "of the other rooms"


def _speaking(root: Path, every: Iterable[str], words: Iterable[str]) -> set[str]:
    """The files that have one of some names which few others have."""
    having: dict[str, set[str]] = {word: set() for word in words}
    for one in every:
        for word in having.keys() & set(_WORD.findall((root / one).read_text("utf-8"))):
            having[word].add(one)
    return set[str]().union(*(files for files in having.values() if len(files) <= _RARE_MAX))


def _room(path: str) -> tuple[str, ...]:
    return next((tests for room, tests in TESTS_OF if path.startswith(room)), (_mirror(path),))


def _mirror(path: str) -> str:
    """Tests mirror the rooms."""
    return "tests/" + path.removeprefix("src/crossdock/").partition("/")[0]


def _every(root: Path) -> list[str]:
    files = sorted(path.relative_to(root).as_posix() for path in (root / "tests").rglob("test_*.py"))
    return [file for file in files if not _NOT_ASKED.match(file)]


def _named(root: Path) -> dict[str, set[str]]:
    """File of tests -> the modules that it imports."""
    found = dict[str, set[str]]()
    for path in sorted((root / "tests").rglob("test_*.py")):
        names = found[path.relative_to(root).as_posix()] = set[str]()
        for module, what in _NAMES.findall(path.read_text("utf-8")):
            names.add(module)
            names |= {f"{module}.{one.split()[0]}" for one in what.strip("()").split(",") if one.strip()}
    return found
