"""JSON at the door: strict, exact, and precise about what is wrong."""

import json as stdlib
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.faults import Unreadable
from crossdock.formats import json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
LEAVES = st.none() | st.booleans() | st.integers(-(10**40), 10**40) | TEXT
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)
EXACT_TREES = st.recursive(
    LEAVES | DECIMALS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


@given(TREES)
def test_it_reads_what_the_standard_library_writes(tree):
    for indent in (None, 1):
        assert json.decode(stdlib.dumps(tree, indent=indent).encode()) == tree


@given(TREES)
def test_the_standard_library_reads_what_it_writes(tree):
    assert stdlib.loads(json.encode(tree)) == tree


@given(EXACT_TREES)
def test_what_was_encoded_decodes_to_the_same(tree):
    assert json.same(json.decode(json.encode(tree)), tree)


@pytest.mark.parametrize("digits", ["10.00", "0.10", "12.5", "1E+5", "-0.0", "123456789012345678.123456789"])
def test_a_decimal_leaves_with_the_digits_it_came_with(digits):
    tree = json.decode(f'{{"price":{digits}}}'.encode())
    assert type(tree["price"]) is Decimal
    assert json.encode(tree) == f'{{"price":{digits}}}'.encode()


def test_whole_numbers_of_any_length_are_exact():
    assert json.decode(b"[376012345678901234567890, 0, -7]") == [376012345678901234567890, 0, -7]


def test_letters_leave_as_they_are():
    assert json.encode({"city": "Łódź"}) == '{"city":"Łódź"}'.encode()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"a":1,"a":2}', "a"),
        ('{"a":1,"b":{"c":1,"c" : 2}}', "b.c"),
        ('{"a":[0,{"x":[[1,2],{"b":{"q":1,\n"q"\t:1}}]}]}', "a[1].x[1].b.q"),
        ('{"\\u0061":1,"a":2}', "a"),
        ('{"a" :1,"a" :2,"b":"\\":"}', "a"),
        ('{"note":"he said \\": \\":","k":1,"k":2}', "k"),
        ('[{"a":1},{"a":1,"a":1}]', "[1].a"),
        ('{"":1,"":2}', ""),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_path(body, path):
    with pytest.raises(Unreadable, match="twice") as refused:
        json.decode(body.encode())
    assert refused.value.path == path
    assert refused.value.status == 400


@given(TREES, st.data())
def test_a_key_doubled_anywhere_is_found(tree, data):
    text = stdlib.dumps(tree, ensure_ascii=data.draw(st.booleans()))
    places = [i for i in range(len(text)) if text[i] == "{" and text[i + 1] == '"' and _is_bracket(text, i)]
    if not places:
        assert json.decode(text.encode()) == tree
        return
    place = data.draw(st.sampled_from(places))
    _, end = stdlib.JSONDecoder().raw_decode(text, place + 1)
    with pytest.raises(Unreadable, match="twice"):
        json.decode(f"{text[: place + 1]}{text[place + 1 : end]} : 0, {text[place + 1 :]}".encode())


def _is_bracket(text: str, offset: int) -> bool:
    """Whether the brace at the offset stands outside of all strings."""
    at = 0
    while at < offset:
        if text[at] == '"':
            _, at = stdlib.JSONDecoder().raw_decode(text, at)
        else:
            at += 1
    return at == offset


@pytest.mark.parametrize(
    "body",
    [
        '{"note":"a \\" : b"}',
        '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}',
        '{"a" : 1 , "b"\n:\t2}',
        '{"x":"\\":\\":\\":"}',
        '{" a":1,"a ":" b"}',
    ],
)
def test_what_only_looks_like_a_second_key_is_read(body):
    assert json.decode(body.encode()) == stdlib.loads(body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"a":1}'.encode("utf-16"), "UTF-16"),
        ('{"a":1}'.encode("utf-16-be"), "UTF-16"),
        ('{"a":1}'.encode("utf-32-le"), "UTF-16 or UTF-32"),
        (b'{"a":1,\n "name": "M\xfcller"}', r"not UTF-8: byte 0xfc \(line 2, column 12\)"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":1,\n  "b" 2}', r"expected ':' \(line 2, column 7\)"),
        ('{"ü":"é",\n  "ü" 2}'.encode(), r"line 2, column 7"),
        (b'{"a":1,}', "trailing comma"),
        (b"{'a':1}", r"must be strings \(line 1, column 2\)"),
        (b'{"a":NaN}', "NaN and Infinity"),
        (b'{"a":-Infinity}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\\ud800"}', "surrogate|escape"),
        (b'{"a":"\x01"}', "not JSON"),
        (b'{"a":1} x', "trailing characters"),
        (b'{"a":"x', "breaks off"),
        (b"order 1001", "not JSON"),
        (b'{"a":' + b"1" * 5000 + b"}", "longer than any system"),
        (b"[" * 65 + b"]" * 65, "64 levels"),
        (b"[" * 100_000, "too deep"),
    ],
)
def test_what_is_no_json_is_refused_with_a_reason_and_a_cure(body, says):
    with pytest.raises(Unreadable, match=says) as refused:
        json.decode(body)
    assert refused.value.status == 400
    assert refused.value.fix


def test_sixty_four_levels_are_read():
    assert json.decode(b"[" * 64 + b"]" * 64)


@pytest.mark.parametrize("number", ["1e401", "1E999999999", "-1e-500", "1e99999999999999999999"])
def test_a_number_that_would_grow_without_bounds_is_refused_where_it_stands(number):
    with pytest.raises(Unreadable, match="beyond what any system") as refused:
        json.decode(f'{{"note":"{number}","lines":[{{"qty":1.5}},{{"qty":{number}}}]}}'.encode())
    assert (refused.value.path, refused.value.value) == ("lines[1].qty", number)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":2}', '{"b": 2, "a": 1}'),
        ('{"a":[10, 10.0, 1e1]}', '{"a":[10.00, 10, 10]}'),
        ('{"a":{"b":[]}}', '{"a":{"b":[ ]}}'),
        ('{"a":"\\u00e9"}', '{"a":"é"}'),
    ],
)
def test_the_same_content_is_recognised(one, other):
    assert json.same(json.decode(one.encode()), json.decode(other.encode()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":1}', '{"a":true}'),
        ('{"a":0}', '{"a":false}'),
        ('{"a":[1]}', '{"a":[true]}'),
        ('{"a":null}', "{}"),
        ('{"a":[1,2]}', '{"a":[2,1]}'),
        ('{"a":[1]}', '{"a":[1,1]}'),
        ('{"a":1.1}', '{"a":1.10000000000000000001}'),
        ('{"a":[]}', '{"a":{}}'),
    ],
)
def test_other_content_is_not_the_same(one, other):
    assert not json.same(json.decode(one.encode()), json.decode(other.encode()))


def test_ignored_paths_are_no_content():
    one = {"sentAt": 1, "lines": [{"sku": "A", "seen_at": 1}, {"sku": "B"}], "meta": {"run": 1, "keep": 1}}
    other = {"lines": [{"sku": "A", "seen_at": 2}, {"sku": "B", "seen_at": 3}], "meta": {"keep": 1}}
    assert json.same(one, other, ["sentAt", "lines.seen_at", "meta.run"])
    assert not json.same(one, other, ["sentAt", "lines.seen_at"])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_exactly(number):
    read = json.decode(stdlib.dumps(number).encode())
    assert math.copysign(1, float(read)) == math.copysign(1, number)
    assert float(read) == number
