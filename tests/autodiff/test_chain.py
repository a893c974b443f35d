"""The chain of Jacobians: its factors multiply to the gradient in any order, at the cost that is said."""

from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scalar_programs import largest_flow, ordinary, texts

from gradcli.autodiff.chain import MOST_FACTORS, Chain, Order
from gradcli.errors import GradError
from gradcli.questions import Options, differentiated
from gradcli.questions.compare_modes import compared

MANY = "u = x*y; v = y*z; w = sin(u + v); a = exp(w); b = cos(w); [a*b, a + b, a - b]"


class Counted:
    """A product of matrices by hand, which counts the products of numbers."""

    def __init__(self) -> None:
        self.products = 0

    def multiply(self, a, b):
        rows = []
        for row in a:
            cells = []
            for column in zip(*b, strict=True):
                terms = [p * q for p, q in zip(row, column, strict=True)]
                self.products += len(terms)
                cells.append(sum(terms))
            rows.append(cells)
        return rows


def from_inputs(chain: Chain):
    counted = Counted()
    product = chain.factor(0)
    for place in range(1, len(chain)):
        product = counted.multiply(product, chain.factor(place))
    return product, counted.products


def from_outputs(chain: Chain):
    counted = Counted()
    product = chain.factor(len(chain) - 1)
    for place in range(len(chain) - 2, -1, -1):
        product = counted.multiply(chain.factor(place), product)
    return product, counted.products


def in_order(chain: Chain, order: Order):
    counted = Counted()
    known = {(place, place): chain.factor(place) for place in range(len(chain))}
    for low, split, high in order.products():
        known[low, high] = counted.multiply(known[low, split], known[split + 1, high])
    return known[0, len(chain) - 1], counted.products


def check(chain: Chain, derivatives) -> None:
    """DERIVATIVES has a row an input, a column an output."""
    for place, (rows, columns) in enumerate(chain.shapes):
        factor = chain.factor(place)
        assert (len(factor), len(factor[0])) == (rows, columns)
        assert len(chain.layer(place)) == rows
    order = chain.best()
    found = [from_inputs(chain), from_outputs(chain), in_order(chain, order)]
    assert [products for _, products in found] == [chain.from_inputs, chain.from_outputs, order.cost]
    for product, _ in found:
        for row, wanted in zip(product, derivatives, strict=True):
            assert row == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(texts, ordinary)
@settings(max_examples=150)
def test_the_factors_multiply_to_the_gradient_in_every_order(text, at):
    """As many products are made as were predicted."""
    at = {name: value for name, value in at.items() if name in text}
    largest = largest_flow(text, at)
    assume(largest is not None and largest < 1e6)
    found = compared(text, at, Options())
    wanted = differentiated(text, at, Options()).gradients
    if found.chain is not None:
        check(found.chain, [[wanted[name]] for name in found.inputs])


def test_with_several_outputs_too():
    """The last layer has one line an output."""
    at = {"x": 0.3, "y": 0.7, "z": -0.4}
    found = compared(MANY, at, Options())
    rows = [
        differentiated(MANY.replace("[", "p = [") + f"; p[{k}]", at, Options()).gradients for k in range(3)
    ]  # fmt: skip
    assert found.chain is not None
    check(found.chain, [[float(row[name]) for row in rows] for name in "xyz"])
    assert found.chain.widths == [3, 2, 1, 1, 2, 3]


def test_the_middle_first_beats_both_ends():
    """A chain that is narrow in the middle, wide at both ends."""
    found = compared(MANY, {"x": 0.3, "y": 0.7, "z": -0.4}, Options())
    assert found.best is not None and found.chain is not None
    assert found.best.cost < min(found.chain.from_inputs, found.chain.from_outputs)
    assert (found.chain.from_inputs, found.chain.from_outputs, found.best.cost) == (33, 33, 23)
    assert found.best.text() == "(D1 · D2) · ((D3 · D4) · D5)"


def test_the_order_of_a_textbook():
    """Cormen, Leiserson, Rivest, Stein, Introduction to Algorithms, section 15.2: six matrices, 15,125 products."""
    order = Order([30, 35, 15, 5, 10, 20, 25])
    assert order.cost == 15_125
    assert order.text() == "(D1 · (D2 · D3)) · ((D4 · D5) · D6)"


@given(st.lists(st.integers(1, 9), min_size=2, max_size=8))
def test_no_order_is_cheaper(widths):
    """All orders are tried."""

    @cache
    def least(low, high):
        splits = range(low, high)
        return min(
            (least(low, k) + least(k + 1, high) + widths[low] * widths[k + 1] * widths[high + 1] for k in splits),
            default=0,
        )

    assert Order(widths).cost == least(0, len(widths) - 2)


def test_a_line_that_is_read_later_is_carried_along():
    """It stands in every layer up to the last that reads it; without the 1 in its row the product would lose it."""
    found = compared("a = sin(x); b = cos(a); exp(b)*x", {"x": 0.5}, Options())
    chain = found.chain
    assert chain is not None
    assert [[found.names[line] for line in chain.layer(place)] for place in range(len(chain) + 1)] == [
        ["x"], ["x", "a"], ["x", "b"], ["x", "v1"], ["f"],
    ]  # fmt: skip
    assert chain.factor(1)[0] == [1.0, 0.0]


def test_a_deep_chain_is_cut_into_fewer_factors():
    """Several steps of the graph become one factor, and the ends stay."""
    depth = 5 * MOST_FACTORS + 3
    edges = [[], *[[line] for line in range(depth)]]
    chain = Chain(edges, [0], [depth], entries={(line + 1, line): 1.01 for line in range(depth)})
    assert (chain.stride, len(chain)) == (6, -(-depth // 6))
    product, products = from_inputs(chain)
    assert products == chain.from_inputs == chain.best().cost == len(chain) - 1
    assert product[0][0] == pytest.approx(1.01**depth)


@pytest.mark.parametrize(("wrt", "there"), [(["a", "x"], False), (["a"], True), (["x"], True), (["a", "z"], True)])
def test_a_chain_starts_at_names_that_do_not_depend_on_each_other(wrt, there):
    """Else what one of them adds on the way would be missing at the left."""
    found = compared("a = x^2; b = a*z; a*b", {"x": 2.0, "z": 3.0}, Options(wrt=wrt))
    assert (found.chain is not None) == there


def test_an_unknown_name_is_refused():
    """As everywhere."""
    with pytest.raises(GradError, match="'q' does not occur"):
        compared("x*y", {"x": 2.0, "y": 3.0}, Options(wrt=["q"]))
