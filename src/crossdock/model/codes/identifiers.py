"""GS1 identifiers (GTIN, GLN, SSCC): length, digits and check digit."""

from __future__ import annotations

from crossdock.faults import Invalid

#: What each identifier is called and how many digits it may have.
GTIN = ("GTIN", frozenset({8, 12, 13, 14}))
GLN = ("GLN", frozenset({13}))
SSCC = ("SSCC", frozenset({18}))


def check_digit(payload: str) -> int:
    """The GS1 check digit of the digits before it: weights 3 and 1 from the right, up to the next ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(payload)))
    return -total % 10


def checked(code: str, scheme: tuple[str, frozenset[int]], *, path: str = "") -> str:
    """The code itself, once its length, digits and check digit are right. Raises Invalid."""
    name, lengths = scheme
    # str.isdigit also takes digits of other scripts, which no scanner reads.
    if not (code.isascii() and code.isdigit() and len(code) in lengths):
        wanted = " or ".join(str(length) for length in sorted(lengths))
        raise Invalid(
            f"not a {name}: it has {wanted} digits", path=path, value=code, fix="look it up on the label"
        )
    right = check_digit(code[:-1])
    if int(code[-1]) != right:
        raise Invalid(
            f"the check digit of this {name} is wrong",
            path=path,
            value=code,
            fix=f"read it again: after {code[:-1]} comes {right}",
        )
    return code


def gtin14(code: str) -> str:
    """The GTIN written with fourteen digits, so that the four lengths compare equal. Raises Invalid."""
    return checked(code, GTIN).rjust(14, "0")
