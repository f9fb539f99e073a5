"""Passwords: how they are kept, and which are refused."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from crossdock.faults import Invalid

LENGTH_MIN, LENGTH_MAX = 12, 128
_DIFFERENT_MIN = 6
#: What a one-time password is made of: nothing that looks like something else on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_ONE_TIME_GROUPS, _ONE_TIME_LENGTH = 4, 4
#: Beginnings of what people choose most; the rest of such a password adds little.
_WORN = (
    "password",
    "passw0rd",
    "qwerty",
    "letmein",
    "welcome",
    "123456",
    "crossdock",
    "warehouse",
    "iloveyou",
)
#: Argon2id with the parameters that OWASP recommends: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str) -> str:
    """What the store keeps of a password: Argon2id with its own salt. Takes some tens of milliseconds of one core."""
    return _hasher.hash(_plain(password))


def fits(kept: str, password: str) -> bool:
    """Whether a password is the one that was kept."""
    try:
        return _hasher.verify(kept, _plain(password))
    except (Argon2Error, InvalidHashError):
        return False


def one_time() -> str:
    """A password for the first sign-in: 16 random signs in groups, easy to read out (about 79 bits)."""
    groups = (
        "".join(secrets.choice(_LETTERS) for _ in range(_ONE_TIME_LENGTH)) for _ in range(_ONE_TIME_GROUPS)
    )
    return "-".join(groups)


def must_be_good(password: str, name: str) -> None:
    """Raises Invalid for a password that is too short, too long, worn out or all but the name."""
    plain = _plain(password)
    if not LENGTH_MIN <= len(plain) <= LENGTH_MAX:
        says = f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters"
        raise Invalid(says, path="password", fix="a few words that you remember are good")
    low = plain.lower()
    if len(set(low)) < _DIFFERENT_MIN or low.startswith(_WORN) or (len(name) > 2 and name.lower() in low):
        says = "this password is easy to guess"
        raise Invalid(says, path="password", fix="use words that have nothing to do with you or this place")


def _plain(password: str) -> str:
    """One form for each text, however the keyboard composes its signs."""
    return unicodedata.normalize("NFKC", password)
