"""An independent reading of the structure of an EDIFACT file, plain and slow, to hold the reader against."""

from __future__ import annotations

import re


def segments(text: str) -> list[tuple[list[str], str]] | None:
    """Elements of each segment, character by character, and the component separator; None where it cannot be told."""
    component, element, release, terminator = ":", "+", "?", "'"
    found: list[tuple[list[str], str]] = []
    at = 0
    while at < len(text):
        if text[at] in "\r\n":
            at += 1
            continue
        if text.startswith("UNA", at):
            component, element, _, release, _, terminator = text[at + 3 : at + 9]
            at += 9
            continue
        elements, released = [""], False
        while True:
            if at == len(text):
                return None  # no terminator
            char = text[at]
            at += 1
            if released:
                elements[-1] += char
                released = False
            elif char == release and release != " ":
                released = True
            elif char == terminator:
                break
            elif char == element:
                elements.append("")
            else:
                elements[-1] += char
        found.append((elements, component))
    return found


def well_formed(text: str) -> bool:
    """Whether headers and trailers nest, count and refer rightly, and every segment has a tag."""
    found = segments(text)
    if not found:
        return False
    open_: list[tuple[str, str, int]] = []  # tag, reference, what was counted in it
    for read, component in found:
        elements = [*read, *[""] * 6]
        tag = elements[0].split(component)[0]
        if not re.fullmatch("[A-Z]{3}", tag):
            return False
        if tag in ("UNB", "UNG", "UNH"):
            around = {"UNB": [""], "UNG": ["UNB"], "UNH": ["UNB", "UNG"]}[tag]
            if (open_[-1][0] if open_ else "") not in around:
                return False
            reference = elements[1] if tag == "UNH" else elements[5]
            open_.append((tag, reference.split(component)[0], 1 if tag == "UNH" else 0))
        elif tag in ("UNT", "UNE", "UNZ"):
            header = {"UNT": "UNH", "UNE": "UNG", "UNZ": "UNB"}[tag]
            if not open_ or open_[-1][0] != header:
                return False
            _, reference, count = open_.pop()
            count += tag == "UNT"
            if elements[1] != str(count) and elements[1].lstrip("0") != str(count):
                return False
            if elements[2].split(component)[0] != reference or not count:
                return False
            if open_:
                name, of, counted = open_.pop()
                open_.append((name, of, counted + 1))
        elif not open_ or open_[-1][0] != "UNH":
            return False
        else:
            name, of, counted = open_.pop()
            open_.append((name, of, counted + 1))
    return not open_
