"""One-time codes of an authenticator app (RFC 6238): 30 seconds, six digits, each used once."""

from __future__ import annotations

import hmac
import re

import pyotp
from pyotp.totp import TOTP

_STEP_S = 30
#: Steps that a clock may be off, either way.
_DRIFT = 1
_SECRET = re.compile(r"[A-Z2-7]{32}")


def new_secret() -> str:
    """A fresh secret of 160 bits in base32."""
    return pyotp.random_base32()


def is_secret(text: str) -> bool:
    """Whether a text is a secret as `new_secret` makes them: no shorter one is taken from a browser."""
    return _SECRET.fullmatch(text) is not None


def address(secret: str, name: str, site: str) -> str:
    """The address that an authenticator app takes."""
    return TOTP(secret).provisioning_uri(name=name, issuer_name=f"Crossdock {site}")


def step_of(secret: str, code: str, now_s: float, used: int) -> int | None:
    """The time step that a code is of; None when it is wrong, or its step was used before."""
    given = "".join(code.split())
    if len(given) != 6 or not given.isascii() or not given.isdecimal():
        return None
    totp, now = TOTP(secret), int(now_s) // _STEP_S
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if step > used and hmac.compare_digest(totp.at(step * _STEP_S), given):
            return step
    return None
