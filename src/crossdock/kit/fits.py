"""What a target's fields can hold: checked before anything is sent, so that nothing is cut silently."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, cast

from crossdock.faults import Invalid, Misconfigured

#: Letters that do not fall apart into a plain one and its marks. Source: the usual spelling of each language.
_LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "n",
        "–": "-", "—": "-", "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "…": "...", "€": "EUR",
        "\u00a0": " ", "№": "No", "×": "x", "•": "-",
    }
)  # fmt: skip


class Fit(Protocol):
    """What one field can hold."""

    @property
    def max(self) -> int | None: ...
    @property
    def charset(self) -> str | None: ...
    @property
    def transliterate(self) -> bool: ...


class Flow(Protocol):
    """What an outbound flow says of its target's fields."""

    @property
    def lengths(self) -> Mapping[str, int]: ...
    @property
    def charset(self) -> str | None: ...
    @property
    def fits(self) -> Mapping[str, Fit]: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values at one path must be; no steps: every text of the document."""

    steps: tuple[str, ...] = ()
    most: int | None = None
    charset: str | None = None
    transliterate: bool = False


@dataclass(frozen=True, slots=True)
class Fits:
    """All rules of one flow."""

    rules: tuple[Rule, ...] = ()
    whole: Rule = field(default_factory=Rule)  #: holds for every text that no rule of its own names

    @classmethod
    def of(cls, flow: Any, where: str) -> Fits:
        """The rules that a flow writes. Raises Misconfigured for a character set that does not exist."""
        said = cast(Flow, flow)
        fits: Mapping[str, Fit] = getattr(said, "fits", None) or {}
        rules = [Rule(steps_of(path), most) for path, most in said.lengths.items()]
        whole = Rule((), None, said.charset)
        for path, fit in fits.items():
            if path == "*":
                whole = Rule((), fit.max, fit.charset or said.charset, fit.transliterate)
            else:
                rules.append(Rule(steps_of(path), fit.max, fit.charset, fit.transliterate))
        for rule in (*rules, whole):
            _refuse_unknown(rule.charset, where)
        return cls(tuple(rules), whole)

    def fitted(self, tree: Any) -> Any:
        """The document with what may be spelled otherwise spelled so. Raises Invalid for what does not fit."""
        for rule in self.rules:
            tree = _at(tree, rule.steps, "", rule)
        if self.whole.charset or self.whole.most is not None:
            tree = _each(tree, "", self.whole)
        return tree


def steps_of(path: str) -> tuple[str, ...]:
    """`lines[].sku` or `lines.sku` as its field names; lists are walked through."""
    return tuple(step for step in re.split(r"[.\[\]]+", path) if step)


def spelled(text: str, charset: str) -> str:
    """The text with letters that the character set lacks spelled by those that it has: `Łódź` as `Lodz`.

    What has no such spelling stays as it is.
    """
    made: list[str] = []
    for letter in text:
        if _holds(letter, charset):
            made.append(letter)
            continue
        plain = letter.translate(_LETTERS)
        if plain == letter:
            plain = "".join(
                one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one)
            )
        made.append(plain if plain and _holds(plain, charset) else letter)
    return "".join(made)


def _holds(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _refuse_unknown(charset: str | None, where: str) -> None:
    try:
        codecs.lookup(charset or "ascii")
    except LookupError:
        raise Misconfigured(
            f"there is no character set {charset}", path=f"{where}.charset", fix="write ascii or latin-1"
        ) from None


def _judged(value: Any, rule: Rule, path: str) -> Any:
    """One value that fits. Raises Invalid with the path and what would be cut."""
    if isinstance(value, str) and rule.charset and not value.isascii():
        if rule.transliterate:
            value = spelled(value, rule.charset)
        _refuse_letter(value, rule.charset, path)
    if rule.most is None:
        return value
    text = value if isinstance(value, str) else str(value) if isinstance(value, int | Decimal) else ""
    if len(text) > rule.most:
        raise Invalid(
            f"{len(text)} characters do not fit into {rule.most}",
            path=path, value=value, fix=f"shorten it to at most {rule.most} characters",
        )  # fmt: skip
    return value


def _refuse_letter(text: str, charset: str, path: str) -> None:
    try:
        text.encode(charset)
    except UnicodeEncodeError as error:
        letter = text[error.start]
        raise Invalid(
            f"{letter!r} is not in the target's character set {charset}",
            path=path, value=text, fix=f"write it without {letter!r}",
        ) from None  # fmt: skip


def _at(tree: Any, steps: tuple[str, ...], path: str, rule: Rule) -> Any:
    """The tree with what stands at the steps judged; shares what it leaves alone."""
    if isinstance(tree, list):
        return [_at(one, steps, f"{path}[{i}]", rule) for i, one in enumerate(cast("list[Any]", tree))]
    if not steps:
        return _judged(tree, rule, path)
    fields = cast("dict[str, Any]", tree) if isinstance(tree, dict) else None
    if fields is None or steps[0] not in fields:
        return cast("Any", tree)
    name = steps[0]
    inner = _at(fields[name], steps[1:], f"{path}.{name}" if path else name, rule)
    return fields if inner is fields[name] else {**fields, name: inner}


def _each(tree: Any, path: str, rule: Rule) -> Any:
    if isinstance(tree, list):
        return [_each(one, f"{path}[{i}]", rule) for i, one in enumerate(cast("list[Any]", tree))]
    if isinstance(tree, dict):
        fields = cast("dict[str, Any]", tree)
        return {name: _each(one, f"{path}.{name}" if path else name, rule) for name, one in fields.items()}
    return _judged(tree, rule, path)
