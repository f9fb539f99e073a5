"""Examples beside mappings: they hold, or they say line by line why not."""

from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.charter.examples import differences, run_examples
from crossdock.charter.load import load
from tests.charter.sites import CONNECTORS, FILES, changed, site

GOOD = """\
- mapping: mappings/in.jsonata
  says: a plain order
  given: {number: SO-1, method: EXP, notes: Ring twice}
  expect: {number: SO-1, ship_method: express, notes: Ring twice}
- mapping: mappings/in.jsonata
  says: notes may be absent
  given: {number: SO-1, method: EXP}
  expect: {number: SO-1, ship_method: express}
- mapping: mappings/in.jsonata
  says: an unknown way of shipping waits on the desk
  given: {number: SO-1, method: BIKE}
  fails: unmapped_code
  path: method
"""


def run(folder: Path, examples: str, files: dict[str, str] | None = None):
    site(folder, {**(files or {}), "examples/orders.yaml": examples})
    return run_examples(folder, load(folder, connectors=CONNECTORS))


def test_examples_that_hold_differ_in_nothing(tmp_path):
    ran, problems = run(tmp_path, GOOD)
    assert problems == []
    assert [(example.line, example.says, example.differs) for example in ran] == [
        (1, "a plain order", ()),
        (5, "notes may be absent", ()),
        (9, "an unknown way of shipping waits on the desk", ()),
    ]


def test_a_changed_mapping_shows_in_its_examples(tmp_path):
    files = changed('"number": number', '"number": number & "!"', "mappings/in.jsonata")
    ran, _ = run(tmp_path, GOOD, files)
    assert [example.differs for example in ran] == [
        ('number: expected "SO-1", made "SO-1!"',),
        ('number: expected "SO-1", made "SO-1!"',),
        (),
    ]


@pytest.mark.parametrize(
    ("example", "differs"),
    [
        ("given: {number: 1, method: EXP}\n  fails: invalid", "it should fail with invalid, but made"),
        (
            "given: {number: 1, method: X}\n  fails: invalid",
            "unmapped_code at method, it should fail with invalid",
        ),
        ("given: {number: 1, method: X}\n  expect: {}", "it should fail not at all"),
        (
            "given: {method: EXP}\n  fails: invalid\n  path: notes",
            "it fails at number, it should fail at notes",
        ),
    ],
)
def test_a_failure_is_judged_by_its_type_and_place(tmp_path, example, differs):
    ran, problems = run(tmp_path, f"- mapping: mappings/in.jsonata\n  {example}\n")
    assert problems == []
    assert differs in ran[0].differs[0]


@pytest.mark.parametrize(
    ("expect", "made", "lines"),
    [
        ({"a": 10}, {"a": Decimal("10.00")}, []),
        ({"a": 1}, {"a": True}, ["a: expected 1, made True"]),
        ({"a": None}, {}, ["a: expected null, made nothing"]),
        ({}, {"a": "x"}, ['a: expected nothing, made "x"']),
        ({"l": [{"q": 1}, {"q": 2}]}, {"l": [{"q": 3}]},
         ["l[0].q: expected 1, made 3", "l: expected 2 entries, made 1"]),
        ([1], {"a": 1}, ["the result: expected [1], made {'a': 1}"]),
        ({"a": "x" * 99}, {"a": ""}, [f'a: expected "{"x" * 76}..., made ""']),
    ],
)  # fmt: skip
def test_each_difference_is_one_line(expect, made, lines):
    assert list(differences(expect, made)) == lines


def test_numbers_in_examples_keep_their_digits_and_units_are_converted_by_packs(tmp_path):
    files = {
        "mappings/in.jsonata": '{ "notes": $convert(qty, "CS", "EA", sku), "price": price, "at": $now(),\n'
        '  "m": $ours("ship_method", "EXP") }\n'
    }
    ran, problems = run(
        tmp_path,
        "- mapping: mappings/in.jsonata\n  packs: {W-1: {CS: 12}}\n  now: 2026-11-22T10:00:00Z\n"
        "  given: {qty: 1.5, sku: W-1, price: 10.10}\n"
        "  expect: {notes: 18, price: 10.1, at: '2026-11-22T10:00:00.000Z', m: express}\n",
        files,
    )
    assert (problems, [example.differs for example in ran]) == ([], [()])


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- mapping: mappings/inn.jsonata\n  given: {}\n  expect: {}\n", 1, "no flow runs mappings/inn.jsonata"),
        ("- mapping: mappings/in.jsonata\n  system: wms\n  given: {}\n  expect: {}\n", 1, "no flow of wms runs"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n", 1, "either `expect` or `fails`"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n  expect: {}\n  fails: invalid\n", 1, "either"),
        ("- mapping: mappings/in.jsonata\n  expect: {}\n", 1, "given: this key is missing"),
        ("- mapping: mappings/in.jsonata\n  gifen: {}\n  expect: {}\n", 2, "gifen: this key is not known"),
        ("mapping: x\n", 1, "must be a list"),
        ("- given: {}\n  expect: {\n", 3, "no YAML"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n  expect: {}\n  now: noon\n", 4, "no time"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n  expect: {}\n  now: 2026-11-22T10:00:00\n", 4,
         "no time with a zone"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n  expect: {}\n  packs: {A: {CS: 0}}\n", 4, "above 0"),
        ("- mapping: mappings/in.jsonata\n  given: {}\n  expect: {}\n  packs: 12\n", 4, "must be a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_example_is_found_with_its_line(tmp_path, text, line, says):
    _, problems = run(tmp_path, text)
    assert any(says in p.says and (p.file, p.line) == ("examples/orders.yaml", line) for p in problems), (
        problems
    )


def test_where_several_systems_use_a_mapping_one_is_named(tmp_path):
    flow = "{document: shipment, id: number, map: mappings/in.jsonata, optional: [notes]}"
    shop2 = f"  shop2:\n    connector: http\n    in: [{flow}]\n"
    files = {
        "charter.yaml": FILES["charter.yaml"].replace("  wms:", f"{shop2}  wms:", 1)
        + "  shipment: {owner: shop2}\n",
        "crosswalks/ship_method.csv": FILES["crosswalks/ship_method.csv"] + "shop2,EXP,rocket\n",
    }
    ran, problems = run(tmp_path, GOOD, files)
    assert ran == []
    assert {problem.fix for problem in problems} == {"add `system:` with one of shop, shop2"}
    example = GOOD.replace("express", "rocket").replace("  says", "  system: shop2\n  says")
    ran, problems = run(tmp_path, example, files)
    assert (problems, {example.differs for example in ran}) == ([], {()})
