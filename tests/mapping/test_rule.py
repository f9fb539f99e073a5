"""Mappings: every field accounted for, every digit kept."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.faults import Invalid, Misconfigured, Unmapped
from crossdock.formats import json
from crossdock.mapping.rule import Rule, no_units


def ours(name: str, theirs: object) -> str:
    if theirs is None or theirs == "nobody":
        raise Unmapped("no row", crosswalk=name, value=theirs, fix="add a row")
    return f"{name}:{theirs}"


def ran(text: str, tree: object, *, optional: tuple[str, ...] = (), **kept: object):
    rule = Rule(text, file="mappings/x.jsonata", optional=optional)
    kept = {"ours": ours, "theirs": ours, "now_s": 1_700_000_000.5, "seed": 7, **kept}
    return rule.run(tree, **kept)


# -- digits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "body", "expected"),
    [
        ('{"price": price}', '{"price":10.00}', '{"price":10.00}'),
        ('{"p": a.b.price}', '{"a":{"b":{"price":0.10}}}', '{"p":0.10}'),
        ('{"p": `unit price`}', '{"unit price":7.50}', '{"p":7.50}'),
        ('{"lines": [lines.{"p": price}]}', '{"lines":[{"price":10.00},{"price":10.0},{"price":10}]}',
         '{"lines":[{"p":10.00},{"p":10.0},{"p":10}]}'),
        ('{"lines": [lines.{"p": price, "sum": price * qty}]}', '{"lines":[{"price":1.10,"qty":3}]}',
         '{"lines":[{"p":1.10,"sum":3.3}]}'),
        ('{"lines": [lines[qty > 1].{"p": price}]}', '{"lines":[{"price":1.0,"qty":1},{"price":2.00,"qty":2}]}',
         '{"lines":[{"p":2.00}]}'),
        ('{"lines": [$map(lines, function($l){ {"p": $l.price} })]}', '{"lines":[{"price":2.50},{"price":2.5}]}',
         '{"lines":[{"p":2.50},{"p":2.5}]}'),
        ('{"lines": [lines^(>price).{"p": price}]}', '{"lines":[{"price":1.10},{"price":2.20}]}',
         '{"lines":[{"p":2.20},{"p":1.10}]}'),
        ('{"p": sale ? sale : price}', '{"sale":5.00,"price":9.90}', '{"p":5.00}'),
        ('{"p": sale ?? price}', '{"price":9.90}', '{"p":9.90}'),
        ('{"p": (price)}', '{"price":9.90}', '{"p":9.90}'),
        ('($p := price; {"p": $p})', '{"price":9.90}', '{"p":9.90}'),
        ('{"all": [lines.price]}', '{"lines":[{"price":1.10},{"price":2.20}]}', '{"all":[1.10,2.20]}'),
        ('{"party": customer}', '{"customer":{"limit":100.00,"terms":[{"pct":2.50}]}}',
         '{"party":{"limit":100.00,"terms":[{"pct":2.50}]}}'),
        ("$", '{"a":[{"b":1.00}]}', '{"a":[{"b":1.00}]}'),
        ('$merge([$, {"c": 1}])', '{"a":{"b":1.00}}', '{"a":{"b":1.00},"c":1}'),
        ('{"per": {"sum": lines[0].price}}', '{"lines":[{"price":3.00}]}', '{"per":{"sum":3.00}}'),
        ('{"total": $sum(lines.price)}', '{"lines":[{"price":0.1},{"price":0.2}]}', '{"total":0.3}'),
        ('{"third": 10 / 4}', "{}", '{"third":2.5}'),
        ('{"whole": price * 2}', '{"price":10.00}', '{"whole":20}'),
        ('{"many": weight}', '{"weight":12.500000000000000000}', '{"many":12.500000000000000000}'),
        ('{"small": rate}', '{"rate":1E-7}', '{"small":1E-7}'),
        ('[lines.{"p": price}]', '{"lines":[{"price":1.10}]}', '[{"p":1.10}]'),
    ],
)  # fmt: skip
def test_copied_numbers_keep_their_digits_and_computed_ones_are_exact(text, body, expected):
    assert json.encode(ran(text, json.decode(body.encode()))).decode() == expected


def test_without_the_dressing_the_digits_would_be_gone():
    tree = json.decode(b'{"price":10.00}')
    rule = Rule('{"price": price}')
    bare = rule._expression.evaluate({"price": float(tree["price"])})
    assert json.encode(bare) == b'{"price":10}'


def test_long_numbers_reach_a_mapping_as_strings():
    made = ran(
        '{"sscc": sscc, "type": $type(sscc), "short": $type(short), "long": long}',
        {"sscc": 376012345678901234, "short": 999_999_999_999_999, "long": Decimal("1.2345678901234567")},
    )
    assert made == {
        "sscc": "376012345678901234",
        "type": "string",
        "short": "number",
        "long": "1.2345678901234567",
    }


def test_a_computed_number_with_more_digits_than_are_certain_is_refused():
    with pytest.raises(Invalid, match="more than 15 digits") as refused:
        ran('{"lines": [lines.{"id": $number(sscc)}]}', {"lines": [{"sscc": 376012345678901234}]})
    assert refused.value.path == "lines[0].id"


def test_the_source_stays_as_it_is():
    tree = {"lines": [{"price": Decimal("10.00"), "sscc": 376012345678901234}]}
    ran('{"lines": [lines.{"p": price}]}', tree)
    assert tree == {"lines": [{"price": Decimal("10.00"), "sscc": 376012345678901234}]}
    assert str(tree["lines"][0]["price"]) == "10.00"


NUMBERS = st.decimals(min_value=-(10**9), max_value=10**9, places=3) | st.integers(-(10**9), 10**9)
LINES = st.lists(
    st.fixed_dictionaries({"qty": NUMBERS, "price": NUMBERS, "sku": st.text(max_size=3)}), max_size=6
)


@given(LINES)
def test_a_mapping_that_only_renames_loses_nothing(lines):
    made = ran(
        '{"lines": [lines.{"amount": price, "more": {"quantity": qty}, "item": sku}]}', {"lines": lines}
    )
    expected = {
        "lines": [
            {"amount": line["price"], "more": {"quantity": line["qty"]}, "item": line["sku"]}
            for line in lines
        ]
    }
    assert json.encode(made) == json.encode(expected)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 4))
def test_sums_of_decimal_amounts_are_exact(one, other, places):
    first, second = Decimal(one).scaleb(-places), Decimal(other).scaleb(-places)
    assert ran('{"sum": a + b}', {"a": first, "b": second})["sum"] == first + second


# -- fields that come out undefined -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree", "path"),
    [
        ('{"a": a, "b": b}', {"a": 1}, "b"),
        ('{"a": {"b": {"c": x}}}', {}, "a.b.c"),
        ('{"lines": [lines.{"sku": sku, "quantity": qty}]}', {"lines": [{"sku": "A", "qty": 1}, {"sku": "B"}]},
         "lines[1].quantity"),
        ('{"lines": lines.{"sku": sku}}', {"lines": [{"sku": "A"}, {}]}, "lines[1].sku"),
        ('{"lines": lines.{"sku": sku}}', {"lines": [{}]}, "lines.sku"),
        ('{"lines": lines.{"sku": sku}}', {}, "lines"),
        ('{"q": $lookup({"W": 12}, "X")}', {}, "q"),
        ('{"a": x ? {"k": k} : {"m": m}}', {"x": True}, "a.k"),
        ('{"a": x ? {"k": k} : {"m": m, "o": 1}}', {"x": False, "k": 1}, "a.m"),
        ('{"a": x ? 1}', {}, "a"),
        ('($line := {"sku": sku}; {"first": $line})', {}, "first.sku"),
        ('($f := function($x){ {"sku": $x.sku} }; {"first": $f(line)})', {"line": {}}, "first.sku"),
        ('{"lines": [$map(lines, function($l){ {"sku": $l.sku} })]}', {"lines": [{"sku": 1}, {}]}, "lines[1].sku"),
        ('{"lines": [lines ~> $map(function($l){ {"sku": $l.sku} })]}', {"lines": [{}, {"sku": 1}]}, "lines[0].sku"),
        ('{"lines": [$filter(lines.{"sku": sku}, function($l){ true })]}', {"lines": [{}]}, "lines[0].sku"),
        ('{"lines": $append(a.{"x": x}, b.{"x": x})}', {"a": {"x": 1}, "b": {}}, "lines[1].x"),
        ('{"lines": [lines.(  $q := qty; {"quantity": $q})]}', {"lines": [{}]}, "lines[0].quantity"),
        ('{"orders": [orders.{"lines": [lines.{"sku": sku}]}]}', {"orders": [{"lines": [{"sku": 1}, {}]}]},
         "orders[0].lines[1].sku"),
        ('[orders.{"n": n}]', {"orders": [{"n": 1}, {}]}, "[1].n"),
        ('{"by": lines{sku: {"q": qty}}}', {"lines": [{"sku": "A"}]}, "by.A.q"),
    ],
)  # fmt: skip
def test_a_field_that_comes_out_undefined_is_an_incident(text, tree, path):
    with pytest.raises(Invalid, match="undefined") as refused:
        ran(text, tree)
    assert refused.value.path == path
    assert "optional: [" in refused.value.fix


def test_a_field_listed_as_optional_may_be_absent():
    text = '{"notes": remarks, "lines": [lines.{"sku": sku, "price": price}]}'
    tree = {"lines": [{"sku": "A"}, {"sku": "B", "price": Decimal("1.10")}]}
    made = ran(text, tree, optional=("notes", "lines.price"))
    assert made == {"lines": [{"sku": "A"}, {"sku": "B", "price": Decimal("1.10")}]}
    with pytest.raises(Invalid):  # the control: one of the two is not enough
        ran(text, tree, optional=("notes",))


@pytest.mark.parametrize(
    ("text", "tree", "path"),
    [
        ('{"a": x ? {"k": k} : {"m": m}}', {"x": False, "k": 1}, "a.m"),
        ('{"a": x ? {"k": k} : {"m": m}}', {"x": True, "m": 1}, "a.k"),
        ('{"a": x ? {"t": 1, "k": k} : {"t": 2}}', {"x": True}, "a.k"),
        ('{"a": [lines.{"sku": sku, "qty": qty}, {"sku": "FREIGHT"}]}', {"lines": {"sku": "A"}}, "a[0].qty"),
        ('{"lines": [lines.(gift ? {"sku": sku, "note": note} : {"sku": sku})]}',
         {"lines": [{"sku": "A"}, {"sku": "B", "gift": True}]}, "lines[1].note"),
        ('{"lines": $append(a.{"x": x, "y": y}, b.{"x": x})}', {"a": {"x": 1}, "b": {"x": 1}}, "lines[0].y"),
    ],
)  # fmt: skip
def test_of_several_possible_objects_the_one_that_was_made_is_held_to_its_fields(text, tree, path):
    with pytest.raises(Invalid) as refused:
        ran(text, tree)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("text", "tree", "made"),
    [
        ('{"a": x ? {"t": 1, "k": k} : {"t": 2}}', {}, {"a": {"t": 2}}),
        ('{"a": x ? {"k": k} : other}', {"other": {"z": Decimal("1.0")}}, {"a": {"z": Decimal("1.0")}}),
        ('{"a": x ? {"k": k} : null}', {}, {"a": None}),
        ('{"a": x ? {} : {"k": 1}}', {"x": 1}, {"a": {}}),
        ('{"a": x ? { /* none */ } : {"k": 1}}', {"x": 1}, {"a": {}}),
        ('{"a": [other, {"k": 1}]}', {"other": [{}, {"z": 1}]}, {"a": [{}, {"z": 1}, {"k": 1}]}),
        ('{"a": x ?? {"k": 1}}', {"x": {"y": 2}}, {"a": {"y": 2}}),
        ('{"a": $count([x ? {"k": 1} : {"m": 1}])}', {}, {"a": 1}),
    ],
)
def test_the_marks_that_tell_objects_apart_are_gone_from_the_result(text, tree, made):
    assert ran(text, tree) == made


@pytest.mark.parametrize(
    "text",
    [
        '($o := x ? {"k": k} : {"m": m}; {"a": $o})',
        '($f := function($x){ $x ? {"k": 1} : {"m": 1} }; {"a": $f(x)})',
        '{"a": $filter([{"k": 1}, {"m": 1}], function($x){ $count($keys($x)) = 1 })}',
        '{"a": [{"k": 1}, {"m": 1}][$count($keys($)) = 1]}',
    ],
)
def test_a_choice_of_objects_that_cannot_be_followed_is_refused_before_it_runs(text):
    with pytest.raises(Misconfigured, match="cannot tell which") as refused:
        Rule(text)
    assert "write the choice where" in refused.value.fix


def test_an_error_behind_a_mark_is_still_told_with_its_own_line():
    with pytest.raises(Invalid, match="x.jsonata:3") as refused:
        ran('{"a": x ? {"k": 1} : {"m": 1},\n"b": x ? {"k": 1} : {"m": 1},\n"q": qty * 2}', {"qty": "two"})
    assert refused.value.path == "q"


def test_null_is_a_value():
    assert ran('{"notes": remarks}', {"remarks": None}) == {"notes": None}


def test_an_empty_list_in_brackets_is_a_value():
    assert ran('{"lines": [lines.{"sku": sku}]}', {}) == {"lines": []}


def test_a_list_of_one_stays_a_list_in_brackets():
    assert ran('{"lines": [lines.{"sku": sku}]}', {"lines": [{"sku": "A"}]}) == {"lines": [{"sku": "A"}]}


def test_a_mapping_that_makes_nothing_is_an_incident():
    with pytest.raises(Invalid, match="made nothing"):
        ran("order", {})


def test_several_missing_fields_are_named_together():
    with pytest.raises(Invalid) as refused:
        ran('{"a": a, "b": b, "c": c}', {})
    assert refused.value.says == "a came out undefined (and b, c)"


# -- lookups, units, clock, chance --------------------------------------------------------------


def test_a_code_without_a_row_names_the_field_it_came_from():
    with pytest.raises(Unmapped) as refused:
        ran('{"lines": [lines.{"unit": $ours("unit", uom)}]}', {"lines": [{"uom": "EA"}, {"uom": "nobody"}]})
    assert (refused.value.path, refused.value.value) == ("lines[1].uom", "nobody")


def test_a_code_that_is_not_there_names_the_field_that_lacks():
    with pytest.raises(Unmapped) as refused:
        ran('{"lines": [lines.{"unit": $ours("unit", uom)}]}', {"lines": [{"uom": "EA"}, {}]})
    assert (refused.value.path, refused.value.value) == ("lines[1].uom", None)


def test_units_are_converted_exactly():
    def convert(quantity: Decimal, from_unit: str, to_unit: str, sku: str) -> Decimal:
        assert (from_unit, to_unit, sku) == ("CS", "EA", "W-1")
        return quantity * 12

    text = '{"q": $convert(qty, "CS", "EA", sku)}'
    assert ran(text, {"qty": Decimal("0.1"), "sku": "W-1"}, convert=convert) == {"q": Decimal("1.2")}


def test_without_packs_a_conversion_is_an_incident():
    with pytest.raises(Invalid, match="no packs") as refused:
        ran('{"q": $convert(1, "CS", "EA", "W-1")}', {})
    assert refused.value.type == "unknown_unit"


def only_a(quantity: Decimal, from_unit: str, to_unit: str, sku: str) -> Decimal:
    return quantity if sku == "A" else no_units(quantity, from_unit, to_unit, sku)


def test_a_unit_that_cannot_be_converted_names_the_field_it_came_from():
    text = '{"lines": [lines.{"q": $convert(qty, uom, "EA", sku)}]}'
    lines = [{"qty": 1, "uom": "PC", "sku": "A"}, {"qty": 1, "uom": "CS", "sku": "B"}]
    with pytest.raises(Invalid) as refused:
        ran(text, {"lines": lines}, convert=only_a)
    assert (refused.value.path, refused.value.value) == ("lines[1].uom", "CS")


def test_the_same_clock_and_seed_give_the_same_result():
    text = '{"at": $now(), "ms": $millis(), "dice": $random()}'
    assert ran(text, {}) == ran(text, {})
    assert ran(text, {})["at"] == "2023-11-14T22:13:20.500Z"
    assert ran(text, {}, seed=8) != ran(text, {})


# -- what cannot be computed --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree", "path", "value", "line"),
    [
        ('{\n "q": qty * 2}', {"qty": "two"}, "q", "two", 2),
        ('{"lines": [lines.{\n\n"q": qty + 1}]}', {"lines": [{"qty": "x"}]}, "lines.q", "x", 3),
        ('{"q": 1 / zero}', {"zero": 0}, "q", None, 1),
        ('{"q": $error("no good")}', {}, "q", None, 1),
    ],
)
def test_an_error_of_the_engine_names_place_and_value(text, tree, path, value, line):
    with pytest.raises(Invalid, match=f"mappings/x.jsonata:{line}") as refused:
        ran(text, tree)
    assert (refused.value.path, refused.value.value) == (path, value)


def test_a_mapping_that_never_ends_is_stopped():
    with pytest.raises(Invalid, match="steps"):
        ran("($f := function($x){ $f($x) }; $f(1))", {})


def test_a_mapping_cannot_fill_the_memory():
    with pytest.raises(Invalid, match="size limit"):
        ran('{"x": [1..9999999]}', {})


@pytest.mark.parametrize(
    ("text", "line", "says", "fix"),
    [
        ('{"a": 1,\n "b" 2}', 2, "no JSONata", "see behind"),
        ('{"a": (1 + }', 1, "no JSONata", ""),
        ("", 1, "no JSONata", ""),
        ('{"a":\n\n $our("x", a)}', 3, r"\$our is no function", "write $ours"),
        ('{"a": $uppercasee(a)}', 1, "no function", "write $uppercase"),
        ('{"a": $x}', 1, "no variable", ":="),
        ('{"a": $ours("x")}', 1, "takes 2 arguments, here it has 1", '$ours("NAME", code)'),
        ('{"a": $convert(q, "CS")}', 1, "takes 4 arguments", "$convert(quantity, from, to, sku)"),
    ],
)
def test_a_broken_mapping_is_refused_with_its_line(text, line, says, fix):
    with pytest.raises(Misconfigured, match=says) as refused:
        Rule(text, file="mappings/x.jsonata")
    assert (refused.value.file, refused.value.line) == ("mappings/x.jsonata", line)
    assert fix in refused.value.fix


def test_the_fields_and_questions_of_a_rule_are_known_from_its_text():
    rule = Rule('{"a": {"b": x}, "l": [lines.{"c": $theirs("unit", uom)}], "m": $ours(name, code)}')
    assert rule.paths == {"a", "a.b", "l", "l.c", "m"}
    assert [(call.function, call.crosswalk, call.ways[1]) for call in rule.calls] == [
        ("theirs", "unit", ("lines", "uom")),
        ("ours", None, ("code",)),
    ]
