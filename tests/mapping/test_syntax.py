"""Our reading of JSONata beside the engine's: they agree on what is an expression and on what it writes."""

import jlens
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.mapping.shape import outline
from crossdock.mapping.syntax import Kind, Node, Unparsed, parse


def drawn(node: Node) -> str:
    """A node as people would write its tree."""
    name = node.kind.value + (f":{node.text}" if node.text else "")
    return f"{name}({', '.join(map(drawn, node.parts))})" if node.parts else name


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a.b.c", "path:.(path:.(name:a, name:b), name:c)"),
        ("a.(b; c)", "path:.(name:a, block(name:b, name:c))"),
        ("`a b`.c", "path:.(name:a b, name:c)"),
        ('{"x": a ? b : c, y: 1}', "object(string:x, choice(name:a, name:b, name:c), name:y, number:1)"),
        ("a[q>0].{}", "path:.(filter:[(name:a, operation:>(name:q, number:0)), object)"),
        ("a^(<b, >c)[0].d", "path:.(filter:[(filter:^(name:a, name:b, name:c), number:0), name:d)"),
        ("a{b: $sum(c)}", "group(name:a, object(name:b, call(variable:sum, name:c)))"),
        ("$f(?, 1)", "call(variable:f, wildcard:?, number:1)"),
        ("λ($x, $y){$x}(3)", "call(lambda:x y(variable:x), number:3)"),
        ("function($x)<a<n>-:n>{ 1 }", "lambda:x(number:1)"),
        ("a ~> |b|{'c':1},['d']|", "pipe:~>(name:a, operation:|(name:b, object(string:c, number:1), array(string:d)))"),
        ("a.*.b", "path:.(path:.(name:a, wildcard:*), name:b)"),
        ("a * b", "operation:*(name:a, name:b)"),
        ("a.%.b", "path:.(path:.(name:a, wildcard:%), name:b)"),
        ("a / b / c", "operation:/(operation:/(name:a, name:b), name:c)"),
        (r"$match(a, /a\/b/i)", r"call(variable:match, name:a, regex:/a\/b/i)"),
        ("a or b and c in d", "operation:or(name:a, operation:and(name:b, operation:in(name:c, name:d)))"),
        ("or", "name:or"),
        ("a.or", "path:.(name:a, name:or)"),
        ("a ?? b ?: c", "either:??(name:a, either:?:(name:b, name:c))"),
        ("a ?? b = c", "either:??(name:a, operation:=(name:b, name:c))"),
        ("a & b ?? c", "either:??(operation:&(name:a, name:b), name:c)"),
        ("($x := a; $x)", "block(bind:x(variable:x, name:a), variable:x)"),
        ("a@$x#$i.b", "path:.(filter:#i(filter:@x(name:a)), name:b)"),
        ("[-5..-1]", "array(operation:..(operation:-(number:5), operation:-(number:1)))"),
        (r'"\u0041\n\"\\"', 'string:A\n"\\'),
        ("/* a */ a /* b */", "name:a"),
        ("x.function", "path:.(name:x, name:function)"),
    ],
)  # fmt: skip
def test_an_expression_becomes_the_tree_that_jsonata_means(text, tree):
    assert drawn(parse(text)) == tree
    jlens.Expression(text)  # the engine takes it as well


@pytest.mark.parametrize(
    "text",
    ["", "a.", "a[", "(a", "{a:}", "{a 1}", "a b", '"a', "/a", "$f(", "a ? ", "`a", "}", "a..b..", "/* a"],
)
def test_what_the_engine_refuses_is_refused(text):
    with pytest.raises(Unparsed):
        parse(text)
    with pytest.raises(jlens.JlensError):
        jlens.Expression(text)


def test_a_tower_of_brackets_is_refused_and_does_not_fall():
    with pytest.raises(Unparsed, match="too deep"):
        parse("(" * 5000)


def end_of(text: str) -> int:
    """Where an expression ends, or the place at which it is refused."""
    try:
        return parse(text).end
    except Unparsed as refused:
        return refused.offset


def test_nothing_but_an_expression_or_a_refusal_comes_of_any_text():
    @given(st.text(alphabet="ab.[]{}()\"'`$*/|?:;,~><=!&@#%^-+0 1\n", max_size=40))
    def check(text: str) -> None:
        assert 0 <= end_of(text) <= len(text)

    check()


ATOMS = st.sampled_from(
    ["a", "b", "l", "l.q", "l[0].q", "l[q > 1].q", "-a", "1", "2", '"x"', "true", "missing", "[1, a]"]
)
OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "%", "&", "=", "!=", "<", ">", "<=", ">=", "and", "or", "in", "??", "?:", "?"]
)
CHAINS = st.lists(st.tuples(OPERATORS, ATOMS), min_size=1, max_size=5)
DOCUMENT = {"a": 5, "b": 0, "l": [{"q": 2}, {"q": 1}]}


def bracketed(node: Node, text: str) -> str:
    """The expression with brackets around everything that computes or chooses."""
    if node.kind in (Kind.OPERATION, Kind.EITHER, Kind.CHOICE):
        parts = [bracketed(part, text) for part in node.parts]
        if len(parts) == 1:
            return f"(-{parts[0]})"
        if node.kind is Kind.CHOICE:
            return f"({parts[0]} ? {parts[1]}{' : ' + parts[2] if len(parts) > 2 else ''})"
        return f"({parts[0]} {node.text} {parts[1]})"
    return text[node.start : node.end]


def value_of(text: str) -> object:
    try:
        return jlens.Expression(text).evaluate(DOCUMENT)
    except jlens.JlensError as error:
        return error.code


@settings(max_examples=300)
@given(ATOMS, CHAINS)
def test_operators_bind_as_the_engine_binds_them(first, chain):
    text = " ".join([first, *(f"{operator} {atom}" for operator, atom in chain)])
    assert value_of(bracketed(parse(text), text)) == value_of(text)


def test_brackets_in_other_places_would_be_noticed():
    assert value_of("(1 + a) * 2") != value_of("1 + a * 2") == value_of("1 + (a * 2)")


def test_an_object_in_a_call_that_nobody_knows_is_no_field():
    assert parse('$merge([{"a": 1}])').kind is Kind.CALL
    assert [entry.path for entry in outline(parse('{"x": $merge([{"a": 1}])}')).entries()] == ["x"]
