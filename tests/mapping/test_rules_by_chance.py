"""Mappings and documents drawn by chance: what the outline says of a result is what the engine made."""

from decimal import Decimal

import jlens
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from crossdock.faults import Invalid
from crossdock.formats import json
from crossdock.mapping.rule import Rule

NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.deferred(
    lambda: (
        NAMES
        | PATHS
        | OBJECTS
        | ARRAYS
        | CHOICES
        | EITHERS
        | CALLS
        | BLOCKS
        | st.sampled_from(["1", '"x"', "a + 1"])
    )
)
STEPS = st.builds("{}{}".format, NAMES, st.sampled_from(["", "[0]", "[a > 0]", "^(a)", "[]"]))
PATHS = st.builds("{}.{}".format, STEPS, st.deferred(lambda: NAMES | OBJECTS | BLOCKS | PATHS))
#: An object tells by its own field `m` how many more fields it was written with.
OBJECTS = st.lists(VALUES, max_size=3).map(
    lambda values: (
        "{" + ", ".join([f'"m": {len(values)}', *(f'"k{i}": {v}' for i, v in enumerate(values))]) + "}"
    )
)
ARRAYS = st.lists(VALUES, min_size=1, max_size=2).map(lambda values: f"[{', '.join(values)}]")
BLOCKS = st.builds("($v := {}; {})".format, NAMES | st.just('{"m": 1, "k0": a}'), VALUES | st.just("$v"))
CHOICES = st.builds("({} ? {} : {})".format, NAMES, VALUES, VALUES)
EITHERS = st.builds("({} ?? {})".format, NAMES, VALUES)
CALLS = st.builds(
    "$map({}, function($i){{ {} }})".format, NAMES, VALUES | st.just("$i.a") | st.just('{"m": 1, "k0": $i.b}')
)

NUMBERS = st.integers(0, 3) | st.sampled_from(
    [Decimal("1.0"), Decimal("1.00"), Decimal("2.50"), Decimal("0.1")]
)
TREES = st.recursive(
    NUMBERS, lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner, max_size=3), max_leaves=10
)
DOCUMENTS = st.dictionaries(NAMES, TREES, min_size=1)


def bare(tree):
    """A document as the engine itself would take it."""
    if isinstance(tree, dict):
        return {key: bare(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [bare(item) for item in tree]
    return float(tree) if isinstance(tree, Decimal) else tree


def lacks_a_field(made) -> bool:
    """Whether an object that the mapping wrote came out with fewer fields than it was written with."""
    if isinstance(made, dict):
        short = "m" in made and len(made) != made["m"] + 1
        return short or any(lacks_a_field(value) for value in made.values())
    return isinstance(made, list) and any(map(lacks_a_field, made))


def alike(one, other) -> bool:
    """Equal by value, numbers to fifteen digits."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(alike(one[k], other[k]) for k in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, int | float | Decimal):
        return not isinstance(other, str) and format(float(one), ".15g") == format(float(other), ".15g")
    return one == other


def outcome(text: str, tree: dict, optional=()) -> object:
    """What the rule makes; None when it is refused."""
    kept = {"ours": lambda name, code: "", "theirs": lambda name, code: "", "now_s": 0.0, "seed": 0}
    try:
        return Rule(text, optional=optional).run(tree, **kept)
    except Invalid:
        return None


@settings(max_examples=400)
@given(OBJECTS, DOCUMENTS)
def test_a_mapping_is_refused_exactly_where_a_field_is_lacking(text, tree):
    try:
        made = jlens.Expression(text).evaluate(bare(tree))
    except jlens.JlensError:
        assume(False)
    lacking = lacks_a_field(made)
    event("lacking" if lacking else "whole")
    dressed = outcome(text, tree)
    assert lacking == (dressed is None), made
    assert lacking or alike(made, dressed)


@settings(max_examples=200)
@given(OBJECTS, DOCUMENTS)
def test_where_all_fields_are_optional_the_result_is_the_engines(text, tree):
    try:
        made = jlens.Expression(text).evaluate(bare(tree))
    except jlens.JlensError:
        assume(False)
    assert alike(made, outcome(text, tree, Rule(text).paths))


@given(DOCUMENTS)
def test_whatever_is_copied_whole_is_the_same_to_the_digit(tree):
    text = "{" + ", ".join(f'"{name}": {name}' for name in tree) + "}"
    made = outcome(text, tree)
    assert json.same(made, tree) or _empty_lists_vanish(tree)


def _empty_lists_vanish(tree) -> bool:
    return "[]" in json.encode(tree).decode()
