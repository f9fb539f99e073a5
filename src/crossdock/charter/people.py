"""The sections about people and their data: four eyes, single sign-on, retention."""

from __future__ import annotations

from crossdock.charter.charter import FourEyes, Retention, SingleSignOn
from crossdock.charter.reading import Reading
from crossdock.charter.sheet import Entry
from crossdock.charter.values import nearest

#: Acts that two people may have to want. Source: message/four_eyes.py.
ACTS = (
    "in_doubt", "mass_change", "abandon", "fix", "replay", "gates", "people", "erase", "restored", "charter",
)  # fmt: skip
#: Roles that a group may get. Source: access/roles.py.
ROLES = ("viewer", "operator", "integrator", "approver", "admin")


def read_four_eyes(reading: Reading, entry: Entry | None) -> FourEyes:
    """The section; mistakes are noted in `reading`."""
    values = reading.section(entry, "four_eyes", "four_eyes") if entry is not None else None
    if values is None:
        return FourEyes()
    for act in values["acts"]:
        if act not in ACTS:
            reading.refuse("four_eyes.acts", f'there is no act "{act}"', nearest(act, ACTS, "an act"))
    return FourEyes(tuple(values["acts"]), values["within_s"])


def read_single_sign_on(reading: Reading, entry: Entry | None) -> SingleSignOn | None:
    """The section; None where there is none, or it cannot be used."""
    values = reading.section(entry, "single_sign_on", "single_sign_on") if entry is not None else None
    if values is None or None in (values["issuer"], values["client_id"], values["roles"]):
        return None
    for group, role in values["roles"].items():
        if role not in ROLES:
            reading.refuse(
                f"single_sign_on.roles.{group}", f'there is no role "{role}"', nearest(role, ROLES, "a role")
            )
    return SingleSignOn(**values)


def read_retention(reading: Reading, entry: Entry | None) -> Retention:
    """The section; mistakes are noted in `reading`."""
    values = reading.section(entry, "retention", "retention") if entry is not None else None
    return Retention() if values is None else Retention(**values)
