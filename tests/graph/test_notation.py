"""The carrier of text: what is printed is the language, and means what was computed."""

import pytest
from helpers import DIFFERENTIABLE, PRIMITIVES, close, moderate_points, same, slot_name

from gradcli.autodiff import evaluate, locals_of
from gradcli.graph import NAMED
from gradcli.graph.carriers import number, read, trace_definition, trace_rules
from gradcli.graph.notation import atom, constant, local_text, operation, spelled
from gradcli.language.builder import build


def value_of(text, at):
    """The value of TEXT in the language; names of AT that it lacks do not matter."""
    program = build(text)
    return evaluate(program.graph, at)[program.result]


@pytest.mark.parametrize("primitive", DIFFERENTIABLE.values(), ids=slot_name)
def test_a_rule_in_words_is_the_rule_in_numbers(primitive):
    """The formula of a local gradient, read by the language again, gives the local gradient."""
    for case in [case for case in moderate_points(primitive) if len(case.operands) <= 5][::4]:
        names = [f"x{slot}" for slot in range(len(case.operands))]
        at = {"y": case.value(), **case.point()}
        for slot, rule in enumerate(locals_of(primitive, case.static, len(names))):
            text = local_text(primitive, case.static, slot, "y", [atom(name) for name in names])
            assert (text is None) == (rule is None)
            if text is not None:
                assert same(value_of(text, at), rule(case.value(), *case.operands)), (case, text)


@pytest.mark.parametrize("primitive", DIFFERENTIABLE.values(), ids=slot_name)
def test_a_rule_in_words_may_show_only_the_branch_that_ran(primitive):
    """With numbers at hand, a `where` in a rule shows the branch that was taken, and means the same."""
    for case in [case for case in moderate_points(primitive) if len(case.operands) <= 5][::4]:
        leaves = [case.value(), *case.operands]
        trace = trace_rules(primitive, case.static, len(case.operands))
        numbers = read(trace, leaves, number, float)
        texts = [atom(name) for name in ("y", *case.point())]
        for slot, output in enumerate(trace.outputs):
            if output is not None:
                text = spelled(trace, slot, texts, numbers)
                assert "where(" not in text
                assert same(value_of(text, {"y": leaves[0], **case.point()}), numbers[output]), (case, text)


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=slot_name)
def test_a_line_in_words_is_the_line(primitive):
    """An operation over labels, read by the language again, is the operation."""
    if not primitive.spoken and primitive.notation is None:
        return  # a variant that is shown by the name of the one it varies
    for case in [case for case in moderate_points(primitive) if len(case.operands) <= 5][::4]:
        text = operation(primitive, case.static, [atom(name) for name in case.point()])[0]
        assert same(value_of(text, case.point()), case.value()), text


@pytest.mark.parametrize("name", [name for name, found in PRIMITIVES.items() if found.definition])
def test_a_definition_in_words_is_the_function(name):
    """What `gradcli functions` prints as the definition computes the function."""
    primitive = NAMED[name]
    for case in [case for case in moderate_points(primitive) if len(case.operands) <= 5][::4]:
        trace = trace_definition(primitive, len(case.operands))
        text = spelled(trace, 0, [atom(label) for label in case.point()])
        assert close(value_of(text, case.point()), case.value(), 1e-12, 1e-14), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a+(b+c)", "a + (b + c)"),
        ("(a+b)+c", "a + b + c"),
        ("a-(b-c)", "a - (b - c)"),
        ("a*(b*c)", "a*(b*c)"),
        ("a/(b/c)", "a/(b/c)"),
        ("a/(b*c)", "a/(b*c)"),
        ("(a+b)*c", "(a + b)*c"),
        ("-(a^2)", "-a^2"),
        ("(-a)^2", "(-a)^2"),
        ("-(a+b)", "-(a + b)"),
        ("-(a*b)", "-(a*b)"),
        ("(-a)*b", "-a*b"),
        ("a*(-b)", "a*(-b)"),
        ("a-(-b)", "a - (-b)"),
        ("a^(b^c)", "a^b^c"),
        ("(a^b)^c", "(a^b)^c"),
        ("a^-1", "a^-1"),
        ("a^(-b)", "a^-b"),
        ("a^(b*c)", "a^(b*c)"),
        ("2^-a", "2^-a"),
        ("(a<b)<c", "(a < b) < c"),
        ("a<(b<c)", "a < (b < c)"),
        ("(a<b)*c", "(a < b)*c"),
        ("a+b<c", "a + b < c"),
        ("leaky_relu(x, 0.01)", "leaky_relu(x)"),
        ("leaky_relu(x, 0.2)", "leaky_relu(x, 0.2)"),
        ("x*pi + e", "x*pi + e"),
        ("x*(-2)", "x*(-2)"),
    ],
)
def test_parentheses_stand_where_the_language_needs_them(text, expected):
    """Printing a graph gives a text that builds the same graph, with no parentheses to spare."""
    assert printed(text) == expected
    assert printed(expected) == expected


def printed(text):
    graph = (program := build(text)).graph
    texts = []
    for primitive, operands, static, name in zip(
        graph.primitives, graph.operands, graph.statics, graph.names, strict=True
    ):
        if not operands:
            texts.append(constant(static) if primitive.name == "constant" else atom(name))
        else:
            texts.append(operation(primitive, static, [texts[operand] for operand in operands]))
    return texts[program.result][0]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.1, 1e300, 5e-324, float("inf"), float("-inf"), 3.141592653589793])
def test_a_number_in_words_is_the_number(value):
    """Shortest text, or the name of a constant, and the same double when it is read again."""
    assert value_of(constant(value)[0], {}) == value
