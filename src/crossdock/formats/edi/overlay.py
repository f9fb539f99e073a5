"""A partner's overlay: a new grammar from a base and a plain delta, which mostly narrows what the standard leaves open.

{"mandatory": ["REF", "PO1/PID", "BEG04"],      a place or an element; loops lead to it: PO1/PID, N1/N103
 "optional":  ["W0304"],                        what the partner leaves out although the standard wants it
 "forbidden": ["FOB", "*/REF03"],               `*/` means wherever the segment stands
 "max":       {"N1": 3, "REF": 2},              how often a place or loop may stand
 "codes":     {"BEG01": ["00", "05"]},          of the standard's codes, these
 "own_codes": {"REF01": ["ZZX"]},               codes that the partner added
 "lengths":   {"BEG03": [1, 10]},               shortest and longest
 "add":       [{"segment": "ZA1", "after": "BEG", "usage": "O", "max": 5,
                "elements": [{"name": "Season", "type": "AN", "min": 1, "max": 6, "usage": "M"}]}]}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar, cast

from crossdock.faults import Misconfigured
from crossdock.formats.edi.grammar import Composite, DocumentGrammar, Element, Loop, Segment, Slot, Usage, Use

ADDED_MAX = 200  #: segments that an overlay may add

# SG25 is segment group 25 of EDIFACT, not element 25 of a segment SG
_ADDRESS = re.compile(
    r"(?P<loops>(?:[A-Z0-9*]+/)*)(?P<id>SG\d{1,3}|[A-Z][A-Z0-9]{1,2})(?P<at>\d\d)?(?:-(?P<part>\d{1,2}))?"
)
_KEYS = ("mandatory", "optional", "forbidden", "max", "codes", "own_codes", "lengths", "add")
_TYPE = re.compile(r"AN|ID|DT|TM|B|R|N\d?|an?|n")
_Item = TypeVar("_Item", Slot, Loop)
_USAGES: dict[str, Usage] = {"mandatory": "M", "optional": "O", "forbidden": "N"}


@dataclass(slots=True)
class _Change:
    """One line of a delta: what becomes of a place or an element; `used` once something answered to it."""

    key: str
    address: str
    at: int | None
    part: int | None
    value: Any = None
    used: bool = False

    def refuse(self, says: str, fix: str) -> NoReturn:
        """Raises Misconfigured that points to the line."""
        raise Misconfigured(says, path=f"{self.key}.{self.address}", fix=fix)


@dataclass(slots=True)
class _Delta:
    """The changes of a delta by the place they speak of."""

    places: dict[str, list[_Change]] = field(default_factory=dict[str, list[_Change]])
    elements: dict[str, list[_Change]] = field(default_factory=dict[str, list[_Change]])
    added: dict[str, list[tuple[str, Slot]]] = field(default_factory=dict[str, list[tuple[str, Slot]]])


def overlay(
    base: DocumentGrammar, delta: Mapping[str, Any], *, segments: Mapping[str, Segment] | None = None
) -> DocumentGrammar:
    """The grammar with the changes of a delta; `add` may name `segments` without giving their elements.

    Raises Misconfigured, with the place in the delta and the next act, for a key, an address or a value that is wrong,
    and for a change that contradicts the base: a length or number wider than the standard's, a code it does not have.
    """
    plan = _read(delta, segments or {})
    items = _items(base.items, (), plan)
    for changes in (*plan.places.values(), *plan.elements.values()):
        for change in changes:
            if not change.used:
                _nowhere(base, change)
    if plan.added:
        after, ((id_, _), *_) = next(iter(plan.added.items()))
        _unknown(f"add.{id_}", f"nothing stands at {after!r}", after, _addresses(base.items, ()))
    return replace(base, items=items)


# -- the delta as it is written ---------------------------------------------------------------------


def _read(delta: Mapping[str, Any], segments: Mapping[str, Segment]) -> _Delta:
    plan = _Delta()
    for key, value in delta.items():
        if key not in _KEYS:
            _unknown(key, f"an overlay has no {key!r}", key, _KEYS)
        if key in _USAGES:
            for address in _list(value, key):
                _put(plan, key, address, None)
        elif key == "add":
            _added(plan, value, segments)
        elif isinstance(value, Mapping):
            for address, one in cast("Mapping[str, Any]", value).items():
                _put(plan, key, address, one)
        else:
            raise Misconfigured(
                f"{key} is no table of addresses", path=key, fix=f'write {key}: {{"BEG01": ...}}'
            )
    return plan


def _put(plan: _Delta, key: str, address: Any, value: Any) -> None:
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if match is None:
        says = f"{address!r} is no address of a segment or element"
        raise Misconfigured(says, path=key, fix="write REF, REF02, PO1/REF or */REF02")
    at, part = match["at"], match["part"]
    change = _Change(key, match[0], int(at) if at else None, int(part) if part else None, value)
    if part and not at:
        change.refuse("a component needs its element", "write C04001 as REF04-1")
    if key in ("codes", "own_codes", "lengths") and not at:
        change.refuse(f"{key} concern an element", f"write which one: {address}01")
    if key == "max" and at:
        change.refuse("max concerns a segment or loop", f"write lengths for the length of {address}")
    target = plan.elements if at else plan.places
    target.setdefault(match["loops"] + match["id"], []).append(change)


def _list(value: Any, path: str) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Misconfigured(f"{path} is no list", path=path, fix=f'write {path}: ["REF", "BEG04"]')
    return list(cast("Sequence[Any]", value))


def _added(plan: _Delta, value: Any, segments: Mapping[str, Segment]) -> None:
    entries = _list(value, "add")
    if len(entries) > ADDED_MAX:
        raise Misconfigured(
            f"more than {ADDED_MAX} segments are added", path="add", fix="write a grammar of its own"
        )
    for index, entry in enumerate(entries):
        path = f"add[{index}]"
        if not isinstance(entry, Mapping):
            raise Misconfigured(
                "the entry is no table", path=path, fix='write {"segment": "ZA1", "after": "BEG"}'
            )
        one = cast("Mapping[str, Any]", entry)
        for key in one:
            if key not in ("segment", "after", "usage", "max", "name", "elements"):
                _unknown(
                    f"{path}.{key}",
                    f"an added segment has no {key!r}",
                    key,
                    ("segment", "after", "usage", "max"),
                )
        id_, after = str(one.get("segment", "")), str(one.get("after", ""))
        if not _ADDRESS.fullmatch(id_) or len(id_) > 3:
            raise Misconfigured(
                f"{id_!r} is no segment id", path=f"{path}.segment", fix="write two or three characters"
            )
        if not after:
            raise Misconfigured(
                "the place is missing", path=f"{path}.after", fix="name the place it stands after"
            )
        usage = one.get("usage", "O")
        if usage not in ("M", "O"):
            raise Misconfigured(f"{usage!r} is no usage", path=f"{path}.usage", fix="write M or O")
        most = _count(one.get("max", 1), f"{path}.max")
        plan.added.setdefault(after, []).append((id_, Slot(_own(id_, one, path, segments), usage, most)))


def _own(id_: str, entry: Mapping[str, Any], path: str, segments: Mapping[str, Segment]) -> Segment:
    if "elements" not in entry:
        if id_ in segments:
            return segments[id_]
        says = f"{id_} is no segment of the standard, and its elements are not given"
        raise Misconfigured(says, path=f"{path}.elements", fix="list its elements")
    uses: list[Use] = []
    for index, row in enumerate(_list(entry["elements"], f"{path}.elements"), 1):
        where = f"{path}.elements[{index - 1}]"
        if not isinstance(row, Mapping):
            raise Misconfigured(
                "the element is no table", path=where, fix='write {"type": "AN", "min": 1, "max": 10}'
            )
        one = cast("Mapping[str, Any]", row)
        kind = str(one.get("type", ""))
        if not _TYPE.fullmatch(kind):
            raise Misconfigured(
                f"{kind!r} is no type", path=f"{where}.type", fix="write AN, ID, N0, R, DT or TM"
            )
        least, most = one.get("min", 1), one.get("max")
        if not isinstance(least, int) or not isinstance(most, int) or not 0 <= least <= most:
            raise Misconfigured(
                "min and max are no lengths", path=where, fix="write min and max, min the smaller"
            )
        usage = one.get("usage", "O")
        if usage not in ("M", "O"):
            raise Misconfigured(f"{usage!r} is no usage", path=f"{where}.usage", fix="write M or O")
        codes = frozenset(map(str, _list(one["codes"], f"{where}.codes"))) if "codes" in one else None
        name = str(one.get("name", f"{id_}{index:02}"))
        uses.append(Use(Element(f"{id_}{index:02}", name, kind, least, most, codes), usage))
    return Segment(id_, str(entry.get("name", id_)), tuple(uses))


def _count(value: Any, path: str) -> int | None:
    if value == ">1":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise Misconfigured(
        f"{value!r} is no number of times", path=path, fix='write 1 or more, or ">1" for any number'
    )


# -- the grammar anew --------------------------------------------------------------------------------


def _items(items: tuple[Slot | Loop, ...], loops: tuple[str, ...], plan: _Delta) -> tuple[Slot | Loop, ...]:
    made: list[Slot | Loop] = []
    for index, item in enumerate(items):
        leads = bool(loops) and index == 0
        id_ = item.segment.id if isinstance(item, Slot) else item.id
        if isinstance(item, Loop):
            inner = _items(item.items, (*loops, item.id), plan)
            made.append(_placed(replace(item, items=inner), (*loops, id_), plan))
        else:
            segment = _segment(item.segment, _names(loops, id_, leads=leads), plan)
            slot = replace(item, segment=segment)
            # the first of a loop stands once in each repetition: its place is that of the loop
            made.append(slot if leads else _placed(slot, (*loops, id_), plan))
        made.extend(slot for _, slot in plan.added.pop("/".join((*loops, id_)), ()))
    return tuple(made)


def _names(loops: tuple[str, ...], id_: str, *, leads: bool) -> list[str]:
    """The addresses that a segment answers to."""
    names = ["/".join((*loops, id_)), f"*/{id_}"]
    return [*names, "/".join(loops)] if leads else names


def _placed(item: _Item, path: tuple[str, ...], plan: _Delta) -> _Item:
    for name in ("/".join(path), f"*/{path[-1]}"):
        for change in plan.places.get(name, ()):
            change.used = True
            if change.key == "max":
                most = _count(change.value, f"max.{change.address}")
                if item.max is not None and (most is None or most > item.max):
                    change.refuse(
                        f"the standard allows {item.max} at most", f"write a number up to {item.max}"
                    )
                item = replace(item, max=most)
            else:
                item = replace(item, usage=_usage(change, item.usage))
    return item


def _usage(change: _Change, before: Usage) -> Usage:
    if change.key == "forbidden" and before == "M":
        change.refuse("the standard makes it mandatory", "write optional, if the partner leaves it out")
    if change.key == "optional" and before != "M":
        change.refuse("the standard does not make it mandatory", "take it out of the list")
    return _USAGES[change.key]


def _segment(segment: Segment, names: list[str], plan: _Delta) -> Segment:
    changes = [change for name in names for change in plan.elements.get(name, ())]
    if not changes:
        return segment
    uses = list(segment.uses)
    for change in changes:
        change.used = True
        assert change.at is not None
        if not 1 <= change.at <= len(uses):
            change.refuse(f"{segment.id} has {len(uses)} elements", f"write 01 to {len(uses):02}")
        uses[change.at - 1] = _use(uses[change.at - 1], change)
    return replace(segment, uses=tuple(uses))


def _use(use: Use, change: _Change, *, inside: bool = False) -> Use:
    if change.part is not None and not inside:
        what = use.what
        if not isinstance(what, Composite):
            change.refuse("the element has no components", "leave the component out of the address")
        if not 1 <= change.part <= len(what.parts):
            change.refuse(f"the element has {len(what.parts)} components", f"write 1 to {len(what.parts)}")
        parts = list(what.parts)
        parts[change.part - 1] = _use(parts[change.part - 1], change, inside=True)
        return replace(use, what=replace(what, parts=tuple(parts)))
    if change.key in _USAGES:
        return replace(use, usage=_usage(change, use.usage))
    if isinstance(use.what, Composite):
        change.refuse("the element is composite", f"write which component: {change.address}-1")
    return _lengths(use, use.what, change) if change.key == "lengths" else _codes(use, use.what, change)


def _lengths(use: Use, element: Element, change: _Change) -> Use:
    pair = change.value
    if not isinstance(pair, Sequence) or len(cast("Sequence[Any]", pair)) != 2:
        change.refuse("two lengths are needed", "write [shortest, longest]")
    least, most = cast("Sequence[Any]", pair)
    if not isinstance(least, int) or not isinstance(most, int) or not 0 <= least <= most:
        change.refuse(f"{pair!r} are no lengths", "write [shortest, longest]")
    if least < element.min or most > element.max:
        change.refuse(f"the standard allows {element.min} to {element.max}", "write lengths within these")
    return replace(use, what=replace(element, min=least, max=most))


def _codes(use: Use, element: Element, change: _Change) -> Use:
    wanted = [str(one) for one in _list(change.value, f"{change.key}.{change.address}")]
    known = use.codes if use.codes is not None else element.codes
    complete = type(known) is frozenset  # a list of another kind knows that it is not all there is
    for code in wanted:
        if not element.min <= len(code) <= element.max:
            says = f"{code!r} has {len(code)} characters, the element {element.min} to {element.max}"
            change.refuse(says, "write codes that fit")
        if change.key == "codes" and known is not None and complete and code not in known:
            near = difflib.get_close_matches(code, sorted(known), n=3, cutoff=0.3)
            hint = f"did you mean {', '.join(near)}? " if near else ""
            change.refuse(
                f"{code!r} is no code of element {element.id}", f"{hint}own_codes adds codes of the partner's"
            )
    if change.key == "own_codes":
        return replace(use, codes=None if known is None else type(known)(known | frozenset(wanted)))
    return replace(use, codes=frozenset(wanted))


# -- addresses that lead nowhere -----------------------------------------------------------------------


def _nowhere(base: DocumentGrammar, change: _Change) -> NoReturn:
    address = change.address
    if change.at is not None:
        address = re.sub(r"\d\d(-\d+)?$", "", address)
    _unknown(
        f"{change.key}.{change.address}",
        f"nothing stands at {address!r} in {base.id}",
        address,
        _addresses(base.items, ()),
    )


def _addresses(items: tuple[Slot | Loop, ...], loops: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for item in items:
        if isinstance(item, Slot):
            found.append("/".join((*loops, item.segment.id)))
        else:
            found.extend(["/".join((*loops, item.id)), *_addresses(item.items, (*loops, item.id))])
    return found


def _unknown(path: str, says: str, name: str, known: Iterable[str]) -> NoReturn:
    every = list(dict.fromkeys(known))
    # the same segment elsewhere is likelier meant than another one with a similar name
    near = [one for one in every if one.rpartition("/")[2] == name.rpartition("/")[2]][:4]
    near = near or difflib.get_close_matches(name, every, n=3, cutoff=0.4)
    raise Misconfigured(says, path=path, fix=f"did you mean {', '.join(near)}?" if near else "take it out")
