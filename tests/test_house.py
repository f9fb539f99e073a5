"""The rules of the house, run over the whole checkout, each with a control that shows it can find a breach."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests import house_plan as plan
from tests import house_rules as rules
from tests.house_rules import Finding, Rule, Source

ROOT = Path(__file__).resolve().parents[1]
TEXT_SUFFIXES = {
    ".py", ".md", ".toml", ".yaml", ".yml", ".json", ".jsonata", ".csv", ".sql", ".sh", ".lock", ".txt", ".cfg",
    ".html", ".css", ".js", "",
}  # fmt: skip


def tracked() -> list[Path]:
    """Files that belong to the project: what git knows or would take."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]
    hidden = {".venv", ".git", "var", "site", "__pycache__"}  # an unpacked archive has no git
    return [p for p in ROOT.rglob("*") if p.is_file() and not hidden & set(p.relative_to(ROOT).parts)]


def sources(folder: str) -> list[Source]:
    """The Python files below one folder of the checkout."""
    names = sorted(p.relative_to(ROOT).as_posix() for p in tracked() if p.suffix == ".py")
    return [Source(name, (ROOT / name).read_text("utf-8")) for name in names if name.startswith(f"{folder}/")]


def all_findings() -> Iterator[Finding]:
    """What every rule finds in the whole checkout, before the exceptions."""
    for folder, held in (
        ("src", rules.RULES_OF_THE_PACKAGE),
        ("tests", rules.RULES_OF_TESTS),
        ("bench", rules.RULES_OF_DEMO_AND_BENCH),
        ("demo", rules.RULES_OF_DEMO_AND_BENCH),
    ):
        read = sources(folder)
        for source in read:
            for rule in held:
                yield from rule(source)
            source.forget_nodes()
        if folder == "src":
            yield from rules.circles(read)
    for path in tracked():
        if path.suffix in TEXT_SUFFIXES:
            yield from rules.words_not_ours(
                path.relative_to(ROOT).as_posix(), path.read_text("utf-8", "replace")
            )


@cache
def findings() -> tuple[Finding, ...]:
    """What every rule finds, looked for once."""
    return tuple(all_findings())


def excused(finding: Finding) -> bool:
    """Whether the table of exceptions gives a reason for this one."""
    return (finding.rule, finding.where) in plan.EXCEPTIONS


def test_the_house_keeps_its_rules() -> None:
    breaches = [str(f) for f in findings() if not excused(f)]
    assert not breaches, "\n" + "\n".join(breaches)


def test_every_exception_is_still_needed_and_says_why() -> None:
    needed = {(f.rule, f.where) for f in findings()}
    assert not {entry for entry in plan.EXCEPTIONS if entry not in needed}
    assert all(len(reason.split()) > 3 for reason in plan.EXCEPTIONS.values())


def test_the_table_of_imports_has_no_way_up() -> None:
    def reached(room: str, way: tuple[str, ...] = ()) -> Iterable[str]:
        assert room not in way, f"circle in the table: {way}"
        for below in plan.MAY_IMPORT[room]:
            yield below
            yield from reached(below, (*way, room))

    assert all(room not in set(reached(room)) for room in plan.MAY_IMPORT)
    assert all("connectors" not in plan.MAY_IMPORT[room] for room in ("pipeline", "desk", "control", "api"))


#: rule, path of the planted file, its text, and how many breaches it holds.
DOC = '"""A planted source."""\n'
PLANTED: Sequence[tuple[Rule, str, str, int]] = [
    (rules.outside_the_table, "src/crossdock/model/order.py", DOC + "from crossdock.journal import store\n", 1),
    (rules.outside_the_table, "src/crossdock/model/order.py", DOC + "import crossdock.journal.store\n", 1),
    (rules.outside_the_table, "src/crossdock/model/order.py", DOC + "from crossdock import journal, faults\n", 1),
    (rules.outside_the_table, "src/crossdock/pipeline/route.py",
     DOC + "def f() -> None:\n    from crossdock.connectors.http import connector\n", 1),
    (rules.outside_the_table, "src/crossdock/pipeline/route.py",
     DOC + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from crossdock.formats.json import read\n", 1),
    (rules.outside_the_table, "src/crossdock/attic/box.py", DOC, 1),
    (rules.sibling_connectors, "src/crossdock/connectors/http/reader.py",
     DOC + "from crossdock.connectors.tryton import wire\nfrom crossdock.connectors.http import wire as own\n", 1),
    (rules.relative_imports, "src/crossdock/model/order.py", DOC + "from . import item\nfrom ..kit import http\n", 2),
    (rules.module_docstring, "src/crossdock/model/order.py", "x = 1\n", 1),
    (rules.module_docstring, "src/crossdock/model/order.py", '"""Orders"""\n', 1),
    (rules.empty_init, "src/crossdock/model/__init__.py", DOC + "from crossdock.model import order\nx = 1\n", 2),
    (rules.empty_init, "src/crossdock/model/__init__.py", '"""Two.\n\nSentences.\n"""\n', 1),
    (rules.empty_names, "src/crossdock/model/utils.py", DOC, 1),
    (rules.empty_names, "src/crossdock/common/order.py", DOC, 1),
    (rules.public_docstrings, "src/crossdock/model/order.py",
     DOC + "class A:\n    def f(self) -> None: ...\n    def _g(self) -> None: ...\ndef h() -> None: ...\n", 3),
    (rules.public_docstrings, "src/crossdock/model/order.py",
     DOC + "class _A:\n    def f(self) -> None: ...\nclass B:\n    'b'\n    @property\n    def f(self) -> int: ...\n"
     "    @property\n    def g(self) -> int:\n        return 1\n", 1),
    (rules.open_ends, "src/crossdock/model/order.py", DOC + "# TODO later\n# TODO(#3) by then\nx = 'TODO'\n", 1),
    (rules.long_files, "src/crossdock/model/order.py", DOC + "x = 1\n" * plan.FILE_LINES_MAX, 1),
    (rules.long_functions, "src/crossdock/model/order.py",
     DOC + "def f() -> None:\n" + "    x = 1\n" * plan.FUNCTION_LINES_MAX, 1),
    (rules.caught_all, "src/crossdock/pipeline/stages.py",
     DOC + "try: ...\nexcept Exception: ...\ntry: ...\nexcept: ...\n"
     "try: ...\nexcept (OSError, BaseException): ...\ntry: ...\nexcept Exception:  # ends in IN_DOUBT\n    x = 1\n"
     "try: ...\nexcept BaseException:\n    x = 1\n    raise\n", 3),
    (rules.printing, "src/crossdock/desk/incidents.py", DOC + "print('hello')\n", 1),
    (rules.clock_or_dice, "src/crossdock/pipeline/retry.py", DOC + "import time\nx = time.time()\n", 1),
    (rules.clock_or_dice, "src/crossdock/pipeline/retry.py",
     DOC + "from datetime import datetime\nfrom random import random, Random\nx = datetime.now()\ny = random()\n", 2),
    (rules.clock_or_dice, "src/crossdock/model/order.py", DOC + "import uuid\nx = uuid.uuid4()\n", 1),
    (rules.patched_tests, "tests/test_x.py", DOC + "from unittest import mock\nfrom unittest.mock import patch\n", 2),
    (rules.idle_tests, "tests/test_x.py", DOC + "def test_the_sky_is_blue() -> None:\n    x = 1\n", 1),
    (rules.nameless_tests, "tests/test_x.py", DOC + "def test_retry() -> None:\n    assert 1\n", 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "path", "text", "breaches"),
    PLANTED,
    ids=[f"{r.__name__}-{i}" for i, (r, *_) in enumerate(PLANTED)],
)
def test_each_rule_finds_the_breach_planted_for_it(rule: Rule, path: str, text: str, breaches: int) -> None:
    assert len(list(rule(Source(path, text)))) == breaches


CLEAN = '''"""A clean source."""

from __future__ import annotations

from crossdock.faults import Invalid


def verdict(now_s: float) -> float:
    """The second at which it is due."""
    if now_s < 0:
        raise Invalid("before time began")
    return now_s
'''


@pytest.mark.parametrize("rule", rules.RULES_OF_THE_PACKAGE)
def test_a_clean_source_passes_every_rule(rule: Rule) -> None:
    assert not list(rule(Source("src/crossdock/pipeline/retry.py", CLEAN)))


def test_every_rule_has_a_control() -> None:
    controlled = {rule for rule, *_ in PLANTED}
    assert controlled == {*rules.RULES_OF_THE_PACKAGE, *rules.RULES_OF_TESTS, *rules.RULES_OF_DEMO_AND_BENCH}


def test_a_circle_of_modules_is_found_even_when_it_is_for_types() -> None:
    one = Source("src/crossdock/desk/one.py", DOC + "from crossdock.desk.two import x\n")
    two = Source("src/crossdock/desk/two.py", DOC + "if False:\n    from crossdock.desk import three\n")
    three = Source("src/crossdock/desk/three.py", DOC + "import crossdock.desk.one\n")
    found = list(rules.circles([one, two, three]))
    assert [f.says for f in found] == [
        "crossdock.desk.one -> crossdock.desk.two -> crossdock.desk.three -> crossdock.desk.one"
    ]
    assert not list(rules.circles([one, two]))


def test_paths_of_a_machine_are_found_in_any_text() -> None:
    planted = f"cd /{'tmp'}/x\nsee https://example.org/tmpl and data/tmp\nat /{'home'}/ann/hub\n"
    assert [f.line for f in rules.words_not_ours("docs/x.md", planted)] == [1, 3]
