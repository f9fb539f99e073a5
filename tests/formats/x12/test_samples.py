"""Sound documents of every set pass without a finding, and any harm done to them is told where it was done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crossdock.formats.edi.finding import Finding
from crossdock.formats.x12 import dictionary
from crossdock.formats.x12.read import read
from crossdock.formats.x12.tree import Interchange, Set
from crossdock.formats.x12.validate import validate
from tests.formats.x12.harm import Harm, harms

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.edi"))
DOCUMENTS = [path for path in SAMPLES if not path.name.startswith("TA1")]
KNOWN = frozenset(dictionary.segments())
TOLD_MIN = 0.98  #: of all harms, at the right segment and element; what is asked for is 0.95


def loaded(path: Path) -> Interchange:
    (found,) = read(path.read_bytes())
    return found


def only_set(path: Path) -> tuple[Set, str]:
    (group,) = loaded(path).groups
    (one,) = group.sets
    return one, group.version


def findings(one: Set, version: str) -> list[Finding]:
    return validate(one, dictionary.grammar(one.id, version), known=KNOWN)


def told(harm: Harm, found: list[Finding]) -> bool:
    """Whether a finding names the place; of a segment that is gone or too many, only its id can be named."""
    if harm.element is None:
        return any(one.segment_id == harm.segment for one in found)
    return any(
        (one.segment_number, one.segment_id, (one.element or "")[:2])
        == (harm.number, harm.segment, harm.element)
        for one in found
    )


def test_there_is_a_sample_of_each_set_in_both_releases() -> None:
    assert {path.stem for path in SAMPLES} == {
        f"{one}-{base}" for base in dictionary.BASES for one in dictionary.sets(base)
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sound_document_has_no_finding(path: Path) -> None:
    found = loaded(path)
    assert found.findings == []
    for group in found.groups:
        assert group.findings == []
        for one in group.sets:
            assert findings(one, group.version) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_harm_to_any_constrained_segment_or_element_is_told_at_its_place(path: Path) -> None:
    one, version = only_set(path)
    mark = one.delimiters.element.decode()
    rows = [raw.decode().split(mark) for raw in one.raw]
    seen: Counter[bool] = Counter()
    missed: list[str] = []
    for harm in harms(rows, dictionary.grammar(one.id, version)):
        one.raw = [mark.join(row).encode() for row in harm.rows]
        hit = told(harm, findings(one, version))
        seen[hit] += 1
        if not hit:
            missed.append(f"{harm.what} {harm.segment}{harm.element or ''} of segment {harm.number}")
    assert seen.total() >= 20
    assert seen[True] / seen.total() >= TOLD_MIN, "\n".join(missed)


def test_the_sample_itself_would_fail_the_test_of_harm() -> None:
    one, version = only_set(DOCUMENTS[0])
    mark = one.delimiters.element.decode()
    rows = [raw.decode().split(mark) for raw in one.raw]
    harm = next(harms(rows, dictionary.grammar(one.id, version)))
    assert not told(harm, findings(one, version))
