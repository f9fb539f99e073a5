"""Which tests look at what a patch changes: those of its room and those that name its module first, then the others."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def stages(touched: Iterable[str], root: Path) -> list[tuple[str, list[str]]]:
    """The test files in the order in which they are asked, and which those are: each once, none without a file."""
    touched, named, every = list(touched), _named(root), _every(root)
    modules = {
        path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in touched
    }
    rooms = [test for path in touched for test in _room(path)]
    found = dict[str, str]()
    for one in every:
        if named[one] & modules:
            found[one] = "that name what it changes"
        elif any(one == test or one.startswith(f"{test}/") for test in rooms):
            found[one] = "of its room"
        else:
            found[one] = "of the other rooms"
    words = ("that name what it changes", "of its room", "of the other rooms")
    return [(word, files) for word in words if (files := [one for one in every if found[one] == word])]


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
