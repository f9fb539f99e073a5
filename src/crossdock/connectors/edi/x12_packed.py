"""What a shipment says of each line, by the package that it is in: the loops of a 945."""

from __future__ import annotations

from decimal import Decimal

from crossdock.kit.connector import Tree


def with_ordered(tree: Tree, order: Tree) -> Tree:
    """The shipment with what was ordered on each line, where the warehouse did not say it."""
    asked = {str(line["line"]): line for line in order.get("lines", ())}
    lines: list[Tree] = []
    for line in tree["lines"]:
        one = asked.get(str(line.get("order_line", line.get("line", ""))))
        known = line.get("ordered") is not None or one is None or one["unit"] != line["unit"]
        lines.append(line if known or one is None else {**line, "ordered": one["quantity"]})
    return {**tree, "lines": lines}


def by_package(tree: Tree) -> list[tuple[Tree, list[Tree]]]:
    """Each package with its lines; each line's ordered quantity is told once, where it first stands."""
    lines = {str(line["line"]): line for line in tree["lines"]}
    left: dict[str, Decimal] = {}
    for line in tree["lines"]:
        left[str(line["line"])] = left.get(str(line["line"]), Decimal(0)) + Decimal(line["quantity"])
    found: list[tuple[Tree, list[Tree]]] = []
    told: set[str] = set()
    for package in tree.get("packages", ()):
        inside: list[Tree] = []
        for one in package.get("lines", ()):
            name = str(one.get("line", ""))
            line = lines.get(name, {})
            whole = {**line, **one, "quantity": one["quantity"]}
            whole["left"] = left.get(name, one["quantity"])
            if name in told:
                whole.pop("ordered", None)
            told.add(name)
            inside.append(whole)
        if inside:
            found.append((package, inside))
    packed = frozenset(told)
    rest: list[Tree] = []
    for line in tree["lines"]:  # a line may stand once for each lot
        name = str(line["line"])
        if name not in packed:
            first = {} if name in told else {"ordered": line.get("ordered")}
            rest.append({**line, "ordered": None, **first, "left": left[name]})
            told.add(name)
    return [*found, *([({}, rest)] if rest else [])]
