"""The parts of the reference about EDI: profile keys, what sets mean, sets and codes of X12."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.charter import partner_keys
from crossdock.formats.edi.grammar import Loop, Slot
from crossdock.formats.edi.profile import MEANINGS, Direction
from crossdock.formats.x12 import dictionary as x12
from docs.tables import key_table, table


def partner_profile_keys() -> Iterator[str]:
    """Every key of a partner profile, section by section, from the tables that profiles are read by."""
    for section, table_of_keys in partner_keys.PARTNER.items():
        yield f"### {section or 'top of the file'}\n\n"
        yield from key_table(table_of_keys)
        yield "\n"
    yield "### What each way of travelling needs\n\n"
    needs = [
        (f"`{name}`", ", ".join(f"`{key}`" for key in wanted) or "nothing more")
        for name, wanted in partner_keys.TRANSPORT_NEEDS.items()
    ]
    yield from table(("type", "needs"), *needs)


def partner_meanings() -> Iterator[str]:
    """Which of our documents each set or message means, by the way it goes."""
    rows = [
        (f"`{set_}`", "from the partner" if way is Direction.IN else "to the partner", f"`{document}`")
        for (way, set_), document in MEANINGS.items()
    ]
    yield from table(("set", "goes", "is our"), *rows)


def x12_sets() -> Iterator[str]:
    """Every X12 set with its group, and its size in both releases."""
    rows = [("set", "name", "group", *(f"segments in {base}" for base in x12.BASES))]
    for set_id in x12.sets(x12.BASES[0]):
        first, *later = (x12.grammar(set_id, base) for base in x12.BASES)
        family = "" if first.family == "-" else f"`{first.family}`"
        rows.append(
            (f"`{set_id}`", first.name, family, *(str(_places(one.items)) for one in (first, *later)))
        )
    yield from table(*rows)


def _places(items: tuple[Slot | Loop, ...]) -> int:
    return sum(_places(item.items) if isinstance(item, Loop) else 1 for item in items)


def x12_codes() -> Iterator[str]:
    """Which elements have a complete list of codes, and which one of what is in use."""
    for kind, title in (("closed", "Complete"), ("broad", "In use")):
        listed = [one for one in x12.elements() if x12.codes_kind(one) == kind and one.isdigit()]
        names = ", ".join(f"{one} {x12.element(one, x12.BASES[0]).name.lower()}" for one in listed)
        yield f"{title} ({len(listed)} elements): {names}.\n\n"


def x12_acknowledgements() -> Iterator[str]:
    """What the codes of TA1, 997 and 999 mean."""
    for where, element in (
        ("TA105", "I18"), ("AK304", "720"), ("AK403", "723"), ("AK502 to AK506", "718"), ("AK905 to AK909", "716"),
        ("IK304 of the 999", "620"), ("IK403 of the 999", "621"),
    ):  # fmt: skip
        yield f"{where}:\n\n"
        yield from table(
            ("code", "meaning"), *((f"`{c}`", says) for c, says in x12.known_codes(element).items() if says)
        )
        yield "\n"
