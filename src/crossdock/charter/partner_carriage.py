"""How a profile says that interchanges travel: its settings, what each way needs, and places that are shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any

from crossdock.charter.partner_keys import PARTNER, TRANSPORT_NEEDS
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry
from crossdock.faults import Misconfigured
from crossdock.formats.edi.profile import Carriage, Profile

#: The algorithms that AS2 knows here, and the old ones that a profile must list under `legacy`.
DIGESTS, LEGACY_DIGESTS = ("sha256", "sha384", "sha512"), ("sha1", "md5")
CIPHERS = ("aes256_cbc", "aes192_cbc", "aes128_cbc", "aes256_gcm", "aes192_gcm", "aes128_gcm")
LEGACY_CIPHERS = ("3des",)
_NONE = "none"
_MAILBOXES = ("folder", "sftp")


def carriage(reading: Reading, entry: Entry | None) -> Carriage:
    """The section `transport` of a profile; what is wrong in it is noted in `reading`."""
    if entry is None:
        return Carriage("none", {"every_s": 15.0})
    values = reading.section(entry, PARTNER["transport"], "transport")
    if values is None or values["type"] is None:
        return Carriage("none", {"every_s": 15.0})
    for key in TRANSPORT_NEEDS[values["type"]]:
        if not values[key]:
            reading.refuse("transport", f"{values['type']} needs `{key}`", f"add `{key}`")
    boxes = [normpath(values[key]) for key in ("inbox", "outbox", "archive") if values[key]]
    if values["type"] in _MAILBOXES and len(set(boxes)) < len(boxes):
        says = (
            "inbox, outbox and archive are not three folders, so the hub would take away what it puts there"
        )
        reading.refuse("transport", says, "name a folder of its own for each")
    if values["type"] == "as2":
        _as2(reading, values)
    return Carriage(values.pop("type"), values)


def _as2(reading: Reading, values: Values) -> None:
    """What the transport would refuse when the hub starts."""
    old: set[str] = set(values["legacy"] or ())
    if unknown := old - {*LEGACY_DIGESTS, *LEGACY_CIPHERS}:
        fix = f"use {', '.join((*LEGACY_DIGESTS, *LEGACY_CIPHERS))}"
        reading.refuse(
            "transport.legacy", f"{', '.join(sorted(unknown))} is no old algorithm that is known", fix
        )
    algorithms: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("sign", DIGESTS, LEGACY_DIGESTS),
        ("encrypt", CIPHERS, LEGACY_CIPHERS),
    )
    for key, usual, former in algorithms:
        name, known = str(values[key]), (*usual, *(one for one in former if one in old))
        aside = f", or list it under `legacy: [{name}]`" if name in former else ""
        if name != _NONE and name not in known:
            reading.refuse(
                f"transport.{key}", f'"{name}" is not known', f"write {', '.join(known)} or none{aside}"
            )
    if values["as2_us"] and values["as2_us"] == values["as2_them"]:
        reading.refuse("transport.as2_them", "both sides have the same AS2 name", "name the partner")
    if values["mdn"] == "async" and not values["mdn_url"]:
        reading.refuse(
            "transport.mdn", "asynchronous MDNs need an address to come to", "add ours as `mdn_url`"
        )
    wants_key = [key for key in ("sign", "require_encrypted") if values[key] not in (_NONE, False)]
    if wants_key and not values["our_keys"]:
        fix = "add `our_keys` with the name of the secret"
        reading.refuse(f"transport.{wants_key[0]}", "this needs a key of ours", fix)
    signed = "mdn_signed" if values["mdn"] != _NONE else ""
    wants_theirs = [
        key for key in ("encrypt", "require_signed", signed) if key and values[key] not in (_NONE, False)
    ]
    if wants_theirs and not values["certificates"]:
        fix = "add `certificates` with its file in partners/"
        reading.refuse(f"transport.{wants_theirs[0]}", "this needs a certificate of the partner", fix)


def check_places(found: Mapping[str, Profile], problems: list[Misconfigured]) -> None:
    """Refuses folders, mailboxes and AS2 names that two profiles share: one would take what is the other's."""
    taken: dict[tuple[Any, ...], Profile] = {}
    for profile in found.values():
        for place, what in _places(profile):
            other = taken.setdefault(place, profile)
            if other is not profile:
                says = f"{what} is that of {other.file} too, so nobody could tell whose file it is"
                fix = "give each partner a place of its own"
                problems.append(Misconfigured(says, file=profile.file, line=1, path="transport", fix=fix))
                break


def _places(profile: Profile) -> Iterator[tuple[tuple[Any, ...], str]]:
    settings, kind = profile.carriage.settings, profile.carriage.type
    if kind == "as2":
        yield (kind, settings["as2_us"], settings["as2_them"]), "the pair of AS2 names"
        return
    if kind not in _MAILBOXES:
        return
    root = settings["root"] if kind == "folder" else ""
    at = (settings["host"], settings["port"], settings["user"]) if kind == "sftp" else ()
    for key in ("inbox", "outbox", "archive"):
        if settings[key]:
            folder = normpath(f"{root or ''}/{settings[key]}")
            yield (kind, *at, folder), f"the folder {folder}"
