"""The notations of numpy, torch and jax: every primitive is written there, and computes what the engine computes."""

import numpy as np
import pytest
from array_cases import ALL, ARRAYS, ELEMENTWISE, cases
from helpers import moderate_points

from gradcli.codegen.targets import target_named
from gradcli.graph import ATOM_LEVEL
from gradcli.graph.arrays import ArrayConstant

TARGETS = ["numpy", "torch", "jax"]
MOST = {"numpy": 40, "torch": 20, "jax": 2}  # cases of one primitive: jax compiles each


def needed(target):
    if target != "numpy":
        pytest.importorskip(target)


def computed(name, primitive, static, operands):
    """The value of one operation, as a module of the target computes it."""
    target = target_named(name)
    names = [f"x{slot}" for slot in range(len(operands))]
    shapes = [np.shape(operand) for operand in operands]
    texts = [(each, ATOM_LEVEL) for each in names]
    text = target.operation(primitive, static, texts, shapes, primitive.shape_of(shapes, static))[0]
    rows = [f"{each} = {target.given(operand)}" for each, operand in zip(names, operands, strict=True)]
    rows.append(f"result = {target.plain(f'({text})')}")
    target.use("\n".join(rows))
    space = {}
    with np.errstate(all="ignore"):
        exec("\n".join([*target.preamble(), *rows]), space)  # noqa: S102  # it is ours
    return np.asarray(space["result"]), text


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ALL)
def test_every_primitive_is_written(name, target):
    """A new primitive is not done before each target has a word for it."""
    assert name in target_named(target).notations


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_numbers_are_the_engine_s(name, target):
    """At ordinary points, to 1e-12."""
    needed(target)
    primitive = ELEMENTWISE[name]
    for case in moderate_points(primitive)[: MOST[target]]:
        found, text = computed(target, primitive, case.static, case.operands)
        assert np.allclose(found, case.value(), rtol=1e-12, atol=1e-13, equal_nan=True), (case, text)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", [*ELEMENTWISE, *ARRAYS])
def test_arrays_are_the_engine_s(name, target):
    """Of every shape and axis, in shape and numbers."""
    needed(target)
    primitive = ALL[name]
    found = cases(primitive)
    for case in found[:: -(-len(found) // MOST[target])]:
        operands = case.operands()
        wanted = np.asarray(case.value(operands))
        got, text = computed(target, primitive, case.static, operands)
        assert got.shape == wanted.shape, (case, text)
        assert np.allclose(got, wanted, rtol=1e-12, atol=1e-12, equal_nan=True), (case, text)


@pytest.mark.parametrize("target", TARGETS)
def test_constants_read_back(target):
    """Numbers to the last bit, the special ones by name; arrays, and those that have a word."""
    needed(target)
    written = target_named(target)
    for value in (0.1, -2.5e-300, 1e22, float("inf"), -float("inf"), float("nan"), np.pi, -0.0):
        text = written.plain(written.given(value))
        written.use(text)
        space = {}
        exec("\n".join([*written.preamble(), f"result = {text}"]), space)  # noqa: S102  # it is ours
        assert repr(space["result"]) == repr(float(value)), text
    module = written.module
    assert written.literal(ArrayConstant(np.eye(3), "eye(3)"))[0].startswith(f"{module}.eye(3")
    assert written.literal(ArrayConstant(np.full((2, 2), 3.0)))[0].startswith(f"{module}.full((2, 2), 3.0")


@pytest.mark.parametrize("target", TARGETS)
def test_parentheses_are_those_that_are_needed(target):
    """A power takes them around a product, a product around a sum, a call nowhere."""
    written = target_named(target)
    total = written.operation(ALL["add"], None, [("x", ATOM_LEVEL), ("y", ATOM_LEVEL)])
    product = written.operation(ALL["mul"], None, [total, ("z", ATOM_LEVEL)])
    assert product[0] == "(x + y) * z"
    assert written.operation(ALL["power"], 2.0, [product])[0] == "((x + y) * z) ** 2"
    assert written.operation(ALL["exp"], None, [product])[0].endswith(".exp((x + y) * z)")


def test_torch_turns_round_what_python_slices_backwards():
    """torch has no slice with a step back."""
    x = ("x", ATOM_LEVEL)
    written = target_named("torch")
    reverse = (..., slice(None, None, -1))
    assert written.operation(ALL["index"], reverse, [x], [(2, 3)], (2, 3))[0] == "torch.flip(x, (1,))"
    first = (slice(None, None, -1), 0)
    assert written.operation(ALL["index"], first, [x], [(2, 3)], (2,))[0] == "torch.flip(x[:, 0], (0,))"
