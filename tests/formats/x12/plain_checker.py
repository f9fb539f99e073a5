"""A second opinion on the structure of X12 files: slow, simple, sharing nothing with the engine that it judges."""

from __future__ import annotations

import re


def problems(data: bytes) -> list[str]:
    """What is wrong with the envelopes and the ids of the segments; nothing where a file is well formed."""
    text = data.decode("latin-1").removeprefix("\xef\xbb\xbf").strip(" \t\r\n\x00\x1a")
    found: list[str] = []
    while text:
        if not text.startswith("ISA"):
            return [*found, "bytes outside of interchanges"]
        separator = text[3]
        header = text[:106]
        if (
            len(header.split(separator)) != 17
            or [header[at] for at in (6, 17, 31, 50, 69, 103)] != [separator] * 6
        ):
            return [*found, "ISA not fixed width"]
        end = text[105:106] or "~"
        if end.isalnum() or end in " \t" or ord(end) >= 0x80:
            return [*found, "no terminator"]
        segments = []
        rest = text
        while rest:
            segment, _, rest = rest.partition(end)
            segments.append(segment.strip("\r\n\t ").split(separator))
            if segments[-1][0] == "IEA":
                break
        found += _envelope(segments)
        text = rest.strip(" \t\r\n\x00\x1a")
    return found or ([] if data.strip() else ["empty"])


def _envelope(segments: list[list[str]]) -> list[str]:
    """Trailers, counts and control numbers, by looking for each trailer's header from behind."""
    found = [
        f"bad segment id {one[0]!r}" for one in segments if not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", one[0])
    ]
    ids = [one[0] for one in segments]
    for header, trailer, inner, control in (
        ("ST", "SE", None, 2),
        ("GS", "GE", "ST", 6),
        ("ISA", "IEA", "GS", 13),
    ):
        if ids.count(header) != ids.count(trailer):
            found.append(f"{ids.count(header)} {header}, {ids.count(trailer)} {trailer}")
        for at, segment in enumerate(segments):
            if segment[0] != trailer or header not in ids[:at]:
                continue
            start = at - 1 - ids[:at][::-1].index(header)
            if trailer in ids[start:at]:
                found.append(f"{trailer} without {header}")
            count = at - start + 1 if inner is None else ids[start:at].count(inner)
            stated, number = [*segment, "", ""][1:3]
            if stated.lstrip("0") != str(count).lstrip("0"):
                found.append(f"{trailer}01")
            theirs = [*segments[start], *[""] * 16][control]
            same = number.lstrip("0") == theirs.lstrip("0") if header == "GS" else number == theirs
            if not same:
                found.append(f"{trailer}02")
    return found
