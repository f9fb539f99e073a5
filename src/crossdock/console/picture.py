"""The picture of the flow: systems as posts, what runs between them as lines, drawn to a plan of plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.console.meter import Rates

Tree = Mapping[str, Any]
_GOODS_SIDE = ("wms", "warehouse", "3pl", "carrier", "tms", "dock", "fulfil", "ship")
_MOVING = ("due", "sending", "retrying", "in_doubt")
_DOTS_MAX = 5
_WIDTHS = ((0.0, 1.5), (1.0, 2.5), (10.0, 4.0), (60.0, 6.0), (600.0, 8.0))


@dataclass(frozen=True, slots=True)
class Post:
    """One system in the picture."""

    name: str
    kind: str
    x: float
    y: float
    state: str  #: open | closed | down
    word: str  #: state as a word; "" while all is well
    piled: int  #: what waits for a person, or is held
    moving: int


@dataclass(frozen=True, slots=True)
class Line:
    """What runs one way between a system and the hub."""

    name: str
    into: bool  #: into the hub
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    per_min: float
    open: bool
    dots: Sequence[tuple[float, float]]

    @property
    def path(self) -> str:
        """The line as SVG draws it: level at both ends."""
        middle = (self.x1 + self.x2) / 2
        bend = f"{middle:.1f} {self.y1:.1f} {middle:.1f} {self.y2:.1f}"
        return f"M{self.x1:.1f} {self.y1:.1f}C{bend} {self.x2:.1f} {self.y2:.1f}"

    @property
    def gap(self) -> tuple[float, float]:
        """Where it is cut while nothing passes."""
        return self._point(0.5)

    def _point(self, part: float) -> tuple[float, float]:
        return point(self.x1, self.y1, self.x2, self.y2, part)


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole picture in its own units."""

    width: float
    height: float
    hub_x: float
    hub_width: float
    posts: Sequence[Post]
    lines: Sequence[Line]
    post_width: float
    post_height: float
    says: str


def point(x1: float, y1: float, x2: float, y2: float, part: float) -> tuple[float, float]:
    """A point of the curve between two places."""
    middle, rest = (x1 + x2) / 2, 1 - part
    x = rest**3 * x1 + 3 * rest * part * middle + part**3 * x2
    y = (rest**3 + 3 * rest**2 * part) * y1 + (3 * rest * part**2 + part**3) * y2
    return round(x, 1), round(y, 1)


def drawn(items: Sequence[Tree], rates: Rates, says: str, *, narrow: bool = False) -> Picture:
    """The picture of some systems as GET /v1/systems tells of them."""
    width, post_width, hub_width = (344.0, 104.0, 44.0) if narrow else (1000.0, 190.0, 84.0)
    post_height, pitch, top = (46.0, 66.0, 10.0) if narrow else (52.0, 78.0, 14.0)
    left = [one for one in items if not _is_goods_side(one)]
    right = [one for one in items if _is_goods_side(one)]
    rows = max(len(left), len(right), 1)
    height = top * 2 + rows * pitch - (pitch - post_height)
    posts, lines = list[Post](), list[Line]()
    hub_x = (width - hub_width) / 2
    for column, x in ((left, 0.0), (right, width - post_width)):
        begin = top + (rows - len(column)) * pitch / 2
        for number, item in enumerate(column):
            y = begin + number * pitch
            posts.append(_post(item, x, y))
            edge, door = (post_width, hub_x) if x == 0 else (x, hub_x + hub_width)
            lines += _lines(item, rates, edge, door, y + post_height / 2, height)
    return Picture(width, height, hub_x, hub_width, posts, lines, post_width, post_height, says)


def _is_goods_side(item: Tree) -> bool:
    """Whether a system stands where goods are: those to the right."""
    words = f"{item['system']} {item['connector']}".lower()
    if any(word in words for word in _GOODS_SIDE):
        return True
    return item["in"] is None and item["out"] is not None


def _post(item: Tree, x: float, y: float) -> Post:
    to = item["to"]
    closed = [item[way] for way in ("in", "out") if item[way] is not None and item[way]["state"] != "open"]
    state, word = "open", ""
    if item["calls"] is not None and item["calls"]["breaker"]["state"] != "closed":
        state, word = "down", "down"
    elif closed:
        state, word = "closed", closed[0]["state"]
    waits = item["from"]
    moving = sum(to[one] for one in _MOVING) + waits["captures"] + waits["messages"]
    return Post(item["system"], item["connector"], x, y, state, word, to["desk"] + to["held"], moving)


def _lines(item: Tree, rates: Rates, edge: float, door: float, y: float, height: float) -> list[Line]:
    name, lines = item["system"], list[Line]()
    ways = [way for way in ("in", "out") if item[way] is not None]
    for way in ways:
        into = way == "in"
        shift = 0.0 if len(ways) == 1 else (-7.0 if into else 7.0)
        per_min = (rates.came if into else rates.went).get(name, 0.0)
        moving = item["from"]["captures"] if into else sum(item["to"][one] for one in _MOVING)
        down = not into and item["calls"] is not None and item["calls"]["breaker"]["state"] != "closed"
        at_hub = height / 2 + (y - height / 2) * 0.35 + shift
        begin, end = ((edge, y + shift), (door, at_hub)) if into else ((door, at_hub), (edge, y + shift))
        count = min(_DOTS_MAX, moving)
        dots = [point(*begin, *end, (n + 1) / (count + 1)) for n in range(count)]
        is_open = item[way]["state"] == "open" and not down
        lines.append(Line(name, into, *begin, *end, _width(per_min), per_min, is_open, dots))
    return lines


def _width(per_min: float) -> float:
    return next(width for least, width in reversed(_WIDTHS) if per_min >= least)
