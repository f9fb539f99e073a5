"""The rules of the house: functions from source text to findings, with nothing but `ast`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tests import house_plan as plan

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the checkout, with slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of it, from the top; walked once for all rules."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[tuple[str, int]]:
        """Every dotted name it imports, with its line; imports for types and inside functions too."""
        found: list[tuple[str, int]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(alias.name, node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
        return found

    def forget_nodes(self) -> None:
        """Lets go of the nodes, of which a thousand files have too many; what is imported is kept."""
        _ = self.imports
        for name in ("nodes", "tree"):
            vars(self).pop(name, None)

    @property
    def module(self) -> str:
        """The dotted name under which it is imported: `crossdock.kit.http`."""
        parts = self.path.removeprefix("src/").removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str | None:
        """The room it stands in; None outside the package, and for the package's own `__init__`."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "crossdock" and len(parts) > 1 else None


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of one rule at one place."""

    rule: str
    where: str
    line: int
    says: str

    def __str__(self) -> str:
        """`file:line: rule: what is wrong`."""
        return f"{self.where}:{self.line}: {self.rule}: {self.says}"


Rule = Callable[[Source], Iterator[Finding]]


# -- imports ------------------------------------------------------------------------------------


def outside_the_table(source: Source) -> Iterator[Finding]:
    """An import of a room that the table does not give, or a room the table does not know."""
    room = source.room
    if room is None:
        return
    if room not in plan.MAY_IMPORT:
        yield Finding("unknown room", source.path, 1, f"{room!r} is not in the table of tests/house_plan.py")
        return
    for name, line in source.imports:
        parts = name.split(".")
        if parts[0] != "crossdock" or len(parts) < 2 or parts[1] == room:
            continue
        if parts[1] in plan.MAY_IMPORT and parts[1] not in plan.MAY_IMPORT[room]:
            yield Finding("import table", source.path, line, f"{room} may not import {name}")


def sibling_connectors(source: Source) -> Iterator[Finding]:
    """A connector that imports another one."""
    own = source.module.split(".")
    if own[:2] != ["crossdock", "connectors"] or len(own) < 3:
        return
    for name, line in source.imports:
        parts = name.split(".")
        if parts[:2] == own[:2] and len(parts) > 2 and parts[2] != own[2]:
            yield Finding("sibling connector", source.path, line, f"{own[2]} imports {name}")


def relative_imports(source: Source) -> Iterator[Finding]:
    """An import that starts with a dot."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield Finding("relative import", source.path, node.lineno, "write the absolute name")


def circles(sources: Sequence[Source]) -> Iterator[Finding]:
    """Modules that reach themselves through their imports."""
    known = {source.module: source for source in sources}
    arrows: dict[str, dict[str, int]] = {}
    for source in sources:
        arrows[source.module] = {}
        for name, line in source.imports:
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != source.module:
                arrows[source.module].setdefault(target, line)
    for circle in _circles_of(arrows):
        first, second = circle[0], circle[1]
        says = " -> ".join([*circle, first])
        yield Finding("circle", known[first].path, arrows[first][second], says)


def _circles_of(arrows: dict[str, dict[str, int]]) -> Iterator[list[str]]:
    """One shortest circle for each module that starts one, each circle once."""
    seen: set[frozenset[str]] = set()
    for start in sorted(arrows):
        ways: list[list[str]] = [[start]]
        reached: set[str] = set()
        while ways:
            way = ways.pop(0)
            for target in arrows[way[-1]]:
                if target == start and frozenset(way) not in seen:
                    seen.add(frozenset(way))
                    yield way
                    ways.clear()
                    break
                if target not in reached:
                    reached.add(target)
                    ways.append([*way, target])


# -- words --------------------------------------------------------------------------------------


def module_docstring(source: Source) -> Iterator[Finding]:
    """A file that does not say in its first sentence what it is."""
    text = ast.get_docstring(source.tree)
    if not text:
        yield Finding("module docstring", source.path, 1, "say in one noun sentence what stands here")
    elif not text.split("\n\n")[0].rstrip().endswith((".", ":", "?")):
        yield Finding("module docstring", source.path, 1, "the first sentence ends with a full stop")


def empty_init(source: Source) -> Iterator[Finding]:
    """An `__init__.py` that holds more than one sentence."""
    if source.path.endswith("/__init__.py"):
        for node in source.tree.body[1:]:
            yield Finding("code in __init__", source.path, node.lineno, "one sentence and no code")
        if "\n" in (ast.get_docstring(source.tree) or ""):
            yield Finding("code in __init__", source.path, 1, "one sentence, one line")


def empty_names(source: Source) -> Iterator[Finding]:
    """A module or folder named after nothing in particular."""
    for part in source.module.split("."):
        if part in plan.EMPTY_NAMES:
            yield Finding("empty name", source.path, 1, f"{part!r} says nothing: look for the noun")


def public_docstrings(source: Source) -> Iterator[Finding]:
    """A public class, function or method without a docstring.

    An `@override` or `@overload` needs none, nor does a property that only declares a field of a Protocol.
    """

    def below(body: Iterable[ast.stmt], prefix: str) -> Iterator[Finding]:
        for node in body:
            if not isinstance(node, (ast.ClassDef, *_FUNCTIONS)) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node) and not _needs_no_docstring(node):
                yield Finding("docstring", source.path, node.lineno, f"{prefix}{node.name} has none")
            if isinstance(node, ast.ClassDef):
                yield from below(node.body, f"{node.name}.")

    return below(source.tree.body, "")


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _needs_no_docstring(node: ast.ClassDef | Function) -> bool:
    """Whether the words stand elsewhere, as a decorator or an empty property tells."""
    decorators = {ast.unparse(d).split(".")[-1] for d in node.decorator_list}
    return bool(decorators & {"override", "overload", "setter"}) or (
        "property" in decorators and ast.unparse(node.body[0]) == "..."
    )


_OPEN_END = re.compile(r"\b(TODO|FIXME|XXX)\b(?!.*#\d)")


def open_ends(source: Source) -> Iterator[Finding]:
    """A TODO that no issue keeps."""
    if not re.search(_OPEN_END, source.text):
        return  # a file in full takes long
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT and re.search(_OPEN_END, token.string):
            yield Finding("open end", source.path, token.start[0], "a TODO names its issue: TODO(#12)")


def words_not_ours(path: str, text: str) -> Iterator[Finding]:
    """A path of somebody's machine, or a word that is no part of the project; any text file."""
    words = [word for word in plan.WORDS_NOT_OURS if re.search(word, text)]
    for number, line in enumerate(text.splitlines() if words else (), 1):
        for word in words:
            if found := re.search(word, line):
                yield Finding("word", path, number, f"{found.group()!r} does not belong here")


# -- size ---------------------------------------------------------------------------------------


def long_files(source: Source) -> Iterator[Finding]:
    """A file that wants to be two."""
    lines = len(source.text.splitlines())
    if lines > plan.FILE_LINES_MAX:
        yield Finding("long file", source.path, lines, f"{lines} lines, at most {plan.FILE_LINES_MAX}")


def long_functions(source: Source) -> Iterator[Finding]:
    """A function that wants to be two."""
    for node in source.nodes:
        if isinstance(node, _FUNCTIONS):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > plan.FUNCTION_LINES_MAX:
                says = f"{node.name} has {lines} lines, at most {plan.FUNCTION_LINES_MAX}"
                yield Finding("long function", source.path, node.lineno, says)


# -- behaviour ----------------------------------------------------------------------------------


def caught_all(source: Source) -> Iterator[Finding]:
    """`except Exception` without `# ends in <state>` beside it: it must end in a state, and say in which."""
    lines = source.text.splitlines()
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type) and not _goes_on(node):
            beside = " ".join(lines[node.lineno - 1 : node.lineno + 1])
            if not re.search(r"#.*\bends (in|on|with|as|at) \S+", beside):
                yield Finding("caught all", source.path, node.lineno, "say `# ends in <state>: why`")


def _goes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only does something on the way: its last act is a bare `raise`."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _catches_all(caught: ast.expr | None) -> bool:
    """Whether the handler catches everything."""
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(n is None or ast.unparse(n).split(".")[-1] in {"Exception", "BaseException"} for n in names)


def printing(source: Source) -> Iterator[Finding]:
    """A `print` outside the terminal's room and programs of their own: the hub speaks to the log and the ledger."""
    if source.room in plan.PRINTING_ROOMS or source.path.endswith("/__main__.py"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield Finding("print", source.path, node.lineno, "only the cli prints")


_CLOCKS = re.compile(
    r"^(time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|sleep)"
    r"|(datetime\.)?(datetime|date)\.(now|utcnow|today)"
    r"|random\.(?!Random$)\w+|secrets\.\w+|uuid\.uuid[14]|os\.urandom)$"
)


def clock_or_dice(source: Source) -> Iterator[Finding]:
    """A pure room that reaches for the clock or for chance instead of being given them."""
    if source.room not in plan.PURE_ROOMS:
        return
    short = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            name = short.get(first, first) + dot + rest
            if _CLOCKS.match(name):
                yield Finding("clock or dice", source.path, node.lineno, f"{name}: have it passed in")


# -- tests --------------------------------------------------------------------------------------


def patched_tests(source: Source) -> Iterator[Finding]:
    """A test that patches instead of using a fake with the same interface."""
    for name, line in source.imports:
        if name.startswith(("unittest.mock", "mock.", "pytest_mock")):
            yield Finding("patched test", source.path, line, "write a fake that satisfies the interface")


def idle_tests(source: Source) -> Iterator[Finding]:
    """A test that can only fail by accident, since it asserts nothing."""
    for node in source.nodes:
        if isinstance(node, _FUNCTIONS) and node.name.startswith("test_") and not _asserts(node):
            yield Finding("idle test", source.path, node.lineno, f"{node.name} asserts nothing")


def _asserts(function: Function) -> bool:
    """Whether a test asserts, expects an error, or calls something named as a check."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name in {"raises", "fail"} or re.match(r"(assert|check|expect|must|conform|validate)", name):
                return True
    return False


def nameless_tests(source: Source) -> Iterator[Finding]:
    """A test whose name is no sentence."""
    for node in source.nodes:
        if isinstance(node, _FUNCTIONS) and re.match(r"test_(?!.*_.*_)", node.name):
            yield Finding("nameless test", source.path, node.lineno, f"{node.name}: say what is true")


RULES_OF_THE_PACKAGE: tuple[Rule, ...] = (
    outside_the_table, sibling_connectors, relative_imports, module_docstring, empty_init, empty_names,
    public_docstrings, open_ends, long_files, long_functions, caught_all, printing, clock_or_dice,
)  # fmt: skip
RULES_OF_TESTS: tuple[Rule, ...] = (
    module_docstring, empty_init, empty_names, open_ends, long_files, long_functions,
    patched_tests, idle_tests, nameless_tests,
)  # fmt: skip
RULES_OF_DEMO_AND_BENCH: tuple[Rule, ...] = (
    module_docstring, empty_init, empty_names, public_docstrings, open_ends, long_files, long_functions, caught_all,
)  # fmt: skip
