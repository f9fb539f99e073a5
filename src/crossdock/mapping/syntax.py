"""The text of a JSONata expression as a tree of nodes, so that the hub can see what a rule makes.

The engine judges and evaluates; this reads the same text a second time for what the engine does not
tell: which fields the result has, which of them merely copy a field, which crosswalks are asked.
Binding powers are JSONata's own. Source: docs.jsonata.org, version 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a node of an expression is."""

    NAME = "name"  #: a field name
    STRING = "string"
    NUMBER = "number"
    VALUE = "value"  #: true, false, null
    VARIABLE = "variable"  #: `$x`; `$` has the text "", `$$` the text "$"
    REGEX = "regex"
    WILDCARD = "wildcard"  #: `*`, `**`, `%` as a step, `?` as an argument
    PATH = "path"  #: parts are the two sides of a dot
    FILTER = "filter"  #: `x[y]`, `x^(y)`, `x#$i`, `x@$v`: the items of the first part
    ARRAY = "array"
    OBJECT = "object"  #: parts are key, value, key, value …
    GROUP = "group"  #: `x{…}`: parts are x and an object
    BLOCK = "block"  #: `( … ; … )`
    CHOICE = "choice"  #: `a ? b : c`; parts are a, b and perhaps c
    EITHER = "either"  #: `a ?: b`, `a ?? b`
    BIND = "bind"  #: `$x := …`
    LAMBDA = "lambda"  #: text holds the parameters, the part is the body
    CALL = "call"  #: parts are the function and its arguments
    PIPE = "pipe"  #: `a ~> b`
    OPERATION = "operation"  #: all that computes


@dataclass(frozen=True, slots=True)
class Node:
    """One piece of an expression, from `start` to before `end` in the text."""

    kind: Kind
    start: int
    end: int
    text: str = ""
    parts: tuple[Node, ...] = ()


class Unparsed(Exception):
    """The text is not an expression that this reader knows; `offset` is the place."""

    def __init__(self, says: str, offset: int) -> None:
        super().__init__(says)
        self.offset = offset


def parse(text: str) -> Node:
    """The expression as a tree. Raises Unparsed."""
    reader = _Reader(text)
    node = reader.expression(0)
    reader.take("end")
    return node


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  #: an operator itself, or name, string, number, variable, regex, end
    text: str
    start: int
    end: int


_LEXEME = re.compile(
    r"""(?P<blank>(?:\s|/\*.*?\*/)+)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
    |`(?P<quoted>[^`]*)`
    |(?P<operator>\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?|[.\[\]{}(),@#;:?+\-*/%|=<>^&!~])
    |\$(?P<variable>[^\s.\[\]{}(),@;:?+\-*/%|=<>^&!~`"'\#]*)
    |(?P<name>[^\s.\[\]{}(),@;:?+\-*/%|=<>^&!~`"'\#]+)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/([a-z]*)")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
#: After one of these a `/` divides; anywhere else it begins a regular expression.
_OPERAND_ENDS = frozenset({"name", "string", "number", "variable", ")", "]", "}", "regex"})


def _tokens(text: str) -> Iterator[_Token]:
    offset, before = 0, ""
    while offset < len(text):
        if text[offset] == "/" and text[offset : offset + 2] != "/*" and before not in _OPERAND_ENDS:
            found, kind = _REGEX.match(text, offset), "regex"
        else:
            found = _LEXEME.match(text, offset)
            kind = (found and found.lastgroup) or ""
        if not found:
            raise Unparsed("this cannot begin anything", offset)
        if kind != "blank":
            content = found.group() if kind == "regex" else found.group(kind)
            kind = content if kind == "operator" else "name" if kind == "quoted" else kind
            if kind == "string":
                content = _ESCAPE.sub(_unescaped, content[1:-1])
            yield _Token(kind, content, offset, found.end())
            before = kind
        offset = found.end()
    yield _Token("end", "", len(text), len(text))


def _unescaped(found: re.Match[str]) -> str:
    mark = found.group(1)
    return chr(int(mark[1:], 16)) if len(mark) == 5 else _ESCAPED.get(mark, mark)


_POWER = {
    ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60,
    "=": 40, "<": 40, ">": 40, "^": 40, "..": 20, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40,
    "and": 30, "or": 25, "in": 40, "&": 50, "??": 40, "?:": 40,
}  # fmt: skip
_WORDS = frozenset({"and", "or", "in"})
_CONSTANTS = frozenset({"true", "false", "null"})
_DEPTH_MAX = 200


class _Reader:
    """A reader by operator precedence over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def take(self, kind: str) -> _Token:
        """The next token, which must be of this kind."""
        token = self._tokens[self._next]
        if token.kind != kind:
            raise Unparsed(f'"{kind}" is missing', token.start)
        self._next += 1
        return token

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _power(self) -> int:
        token = self._peek()
        return _POWER.get(token.text if token.text in _WORDS and token.kind == "name" else token.kind, 0)

    def expression(self, power: int) -> Node:
        """The expression up to an operator that binds no stronger than `power`."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise Unparsed("the expression is nested too deep", self._peek().start)
        left = self._prefix()
        while self._power() > power:
            left = self._infix(left)
        self._depth -= 1
        return left

    def _node(self, kind: Kind, start: int, parts: tuple[Node, ...] = (), text: str = "") -> Node:
        return Node(kind, start, self._tokens[self._next - 1].end, text, parts)

    def _advance(self) -> _Token:
        token = self._peek()
        if token.kind == "end":
            raise Unparsed("the expression breaks off", token.start)
        self._next += 1
        return token

    def _prefix(self) -> Node:
        token = self._advance()
        start = token.start
        match token.kind:
            case "name" if token.text in ("function", "λ") and self._peek().kind == "(":
                return self._lambda(start)
            case "name" if self._text[start] != "`" and token.text in _CONSTANTS:
                return self._node(Kind.VALUE, start, text=token.text)
            case "name" | "string" | "number" | "variable" | "regex":
                return self._node(Kind[token.kind.upper()], start, text=token.text)
            case "*" | "**" | "%" | "?":
                return self._node(Kind.WILDCARD, start, text=token.kind)
            case "-":
                return self._node(Kind.OPERATION, start, (self.expression(70),), "-")
            case "(":
                return self._node(Kind.BLOCK, start, self._list(")", ";"))
            case "[":
                return self._node(Kind.ARRAY, start, self._list("]", ","))
            case "{":
                return self._node(Kind.OBJECT, start, self._pairs())
            case "|":
                return self._transform(start)
            case _:
                raise Unparsed(f'"{token.text}" cannot begin an expression', start)

    def _infix(self, left: Node) -> Node:
        token = self._advance()
        operator = token.text
        match operator:
            case "[":
                inner = () if self._peek().kind == "]" else (self.expression(0),)
                self.take("]")
                return self._node(Kind.FILTER, left.start, (left, *inner), "[")
            case "^":
                self.take("(")
                return self._node(Kind.FILTER, left.start, (left, *self._list(")", ",", sort=True)), "^")
            case "@" | "#":
                variable = self.take("variable")
                return self._node(Kind.FILTER, left.start, (left,), operator + variable.text)
            case "{":
                pairs = Node(Kind.OBJECT, token.start, 0, "", self._pairs())
                return self._node(Kind.GROUP, left.start, (left, pairs))
            case "(":
                return self._node(Kind.CALL, left.start, (left, *self._list(")", ",")))
            case "?":
                return self._choice(left)
            case ":=":
                return self._node(Kind.BIND, left.start, (left, self.expression(9)), left.text)
            case "??" | "?:":
                # Like the `:` of a choice, they take all that follows: `a ?? b = c` is `a ?? (b = c)`.
                return self._node(Kind.EITHER, left.start, (left, self.expression(0)), operator)
            case _:
                kind = {".": Kind.PATH, "~>": Kind.PIPE}.get(operator, Kind.OPERATION)
                return self._node(kind, left.start, (left, self.expression(_POWER[operator])), operator)

    def _choice(self, condition: Node) -> Node:
        then = self.expression(0)
        if self._peek().kind != ":":
            return self._node(Kind.CHOICE, condition.start, (condition, then))
        self.take(":")
        return self._node(Kind.CHOICE, condition.start, (condition, then, self.expression(0)))

    def _list(self, close: str, between: str, *, sort: bool = False) -> tuple[Node, ...]:
        """Expressions up to the closing mark; a sort term may begin with its direction."""
        parts: list[Node] = []
        while self._peek().kind != close:
            if sort and self._peek().kind in "<>":
                self._next += 1
            parts.append(self.expression(0))
            if self._peek().kind != between:
                break
            self.take(between)
        self.take(close)
        return tuple(parts)

    def _pairs(self) -> tuple[Node, ...]:
        parts: list[Node] = []
        while self._peek().kind != "}":
            parts.append(self.expression(0))
            self.take(":")
            parts.append(self.expression(0))
            if self._peek().kind != ",":
                break
            self.take(",")
        self.take("}")
        return tuple(parts)

    def _lambda(self, start: int) -> Node:
        self.take("(")
        parameters = [part.text for part in self._list(")", ",")]
        if self._peek().kind == "<":
            self._skip_signature()
        self.take("{")
        body = self.expression(0)
        self.take("}")
        return self._node(Kind.LAMBDA, start, (body,), " ".join(parameters))

    def _skip_signature(self) -> None:
        depth = 0
        while True:
            mark = self._advance().kind
            depth += (mark == "<") - (mark == ">")
            if depth <= 0:
                return

    def _transform(self, start: int) -> Node:
        parts = [self.expression(0)]
        self.take("|")
        parts.append(self.expression(0))
        if self._peek().kind == ",":
            self.take(",")
            parts.append(self.expression(0))
        self.take("|")
        return self._node(Kind.OPERATION, start, tuple(parts), "|")
