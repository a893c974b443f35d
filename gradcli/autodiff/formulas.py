"""Derivatives of tidy formulas: lines are written, differentiated by reverse-mode AD, and read back tidily."""

from __future__ import annotations

from itertools import product

from gradcli.autodiff import evaluate
from gradcli.autodiff.adjoint import adjoint_lines
from gradcli.graph import CONSTANT, NAMED, VARIABLE, Graph
from gradcli.graph.shapes import count
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_facts import facts_of
from gradcli.graph.tidy_lines import read, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.tidy_parts import Value


SMALL = 1 << 16
LONG = 10_000  # lines


def gradient_formulas(
    tidy: Tidy, graph: Graph, result: int, sources: Mapping[str, int | None]
) -> dict[str, Value]:
    """The derivative of line RESULT, a scalar, by each of the SOURCES, in the variables of GRAPH.

    The derivative by a line that is no variable is a formula in its name.
    """
    graph, moved = written_out(graph)
    result, sources = moved[result], {name: None if line is None else moved[line] for name, line in sources.items()}
    facts = facts_of(graph, result)
    by_variables = [line for line in sources.values() if line is not None and graph.primitives[line] is VARIABLE]
    if len(graph) > LONG > 4 * len(sources) and len(by_variables) == len(list(_lines(sources))):
        values: dict[int, Value] = {}
        read(tidy, graph, [result], values, facts, start=len(graph))  # tidied first, it may be far shorter
        shapes = {name: () if line is None else shape_of(graph, line) for name, line in sources.items()}
        return derivatives_of(tidy, values[result], shapes)
    start = len(graph)
    seed = graph.constant(1.0)
    found = adjoint_lines(
        graph, result, _lines(sources), seed=seed, lean=_folds_exactly(graph), is_number=_always, gaps=False
    )
    formulas: dict[str, Value] = {}
    shared: dict[int, Value] = {}
    read(tidy, graph, [adjoint for line in by_variables if (adjoint := found[line]) is not None], shared, facts,
         start=start)  # fmt: skip
    for name, line in sources.items():
        adjoint = None if line is None else found[line]
        if line is None or adjoint is None:
            formulas[name] = zero(tidy, () if line is None else shape_of(graph, line))
            continue
        values = shared
        if graph.primitives[line] is not VARIABLE:
            values = {line: tidy.variable(name, shape_of(graph, line))}
            read(tidy, graph, [adjoint], values, facts, start=start)
        formulas[name] = in_shape(tidy, values[adjoint], shape_of(graph, line))
    return formulas


def written_out(graph: Graph) -> tuple[Graph, Sequence[int]]:
    """A copy of GRAPH in which the product of a few elements is one of numbers: so its derivative has words.

    Beside it, where each line went.
    """
    from gradcli.graph.tidy_arrays import FEW

    if graph.shapes is None or all(primitive.name != "prod" for primitive in graph.primitives):
        return graph.copy(), range(len(graph))
    found = Graph()
    found.shapes = []
    moved: list[int] = []
    for line, primitive in enumerate(graph.primitives):
        static, name, shape = graph.statics[line], graph.names[line], graph.shapes[line]
        operands = tuple([moved[operand] for operand in graph.operands[line]])
        if primitive is VARIABLE:
            moved.append(found.variable(name or "", None, shape))
        elif primitive is CONSTANT:
            moved.append(found.constant(static, name))
        elif primitive.name == "prod" and shape == () and 0 < count(found.shapes[operands[0]]) <= FEW:
            moved.append(_product(found, operands[0]))
        else:
            moved.append(found.append(primitive, operands, static, name))
    return found, moved


def _product(graph: Graph, line: int) -> int:
    assert graph.shapes is not None
    shape = graph.shapes[line]
    if not shape:
        return line
    places = [graph.append(NAMED["index"], (line,), place) for place in product(*map(range, shape))]
    total = places[0]
    for place in places[1:]:
        total = graph.append(NAMED["mul"], (total, place))
    return total


def value_formula(
    tidy: Tidy, graph: Graph, result: int, kept: Mapping[str, int] | None = None
) -> Value:
    """Line RESULT itself, in the variables of GRAPH and the KEPT lines by their names."""
    values = {line: tidy.variable(name, shape_of(graph, line)) for name, line in (kept or {}).items()}
    read(tidy, graph, [result], values, facts_of(graph, result), start=len(graph))
    return in_shape(tidy, values[result], shape_of(graph, result))


def nested_formula(tidy: Tidy, graph: Graph, result: int, lines: Iterable[int | None]) -> Value:
    """The derivative of line RESULT, a scalar, by one of the LINES after the other, in the variables of GRAPH.

    Other than in a formula, a line that is no variable may depend on the lines that are differentiated by later.
    """
    graph, moved = written_out(graph)
    result = moved[result]
    for line in lines:
        if line is None:
            return (0, 0)
        seed, source = graph.constant(1.0), moved[line]
        found = adjoint_lines(graph, result, [source], seed=seed, lean=False, is_number=_always, gaps=False)[source]
        if found is None:
            return (0, 0)
        result = found
    return value_formula(tidy, graph, result, {})


class TooManyLines(Exception):
    """A formula has more lines than are differentiated once more."""


def derivative_of(tidy: Tidy, formula: Value, name: str, shape: Shape = (), most: int | None = None) -> Value:
    """The derivative of a FORMULA, a scalar, by a variable of this SHAPE. Raises TooManyLines past MOST lines."""
    return derivatives_of(tidy, formula, {name: shape}, most)[name]


def derivatives_of(
    tidy: Tidy, formula: Value, shapes: Mapping[str, Shape], most: int | None = None
) -> dict[str, Value]:
    """The derivative of a FORMULA, a scalar, by every variable in SHAPES."""
    graph = Graph()
    if any(tidy.shapes):
        graph.shapes = []
    lines: dict[int, int] = {}
    (result,) = write(tidy, graph, [formula], lines)
    if most is not None and len(graph) > most:
        raise TooManyLines
    sources = {name: lines.get(tidy.variable(name, shape)[1]) for name, shape in shapes.items()}
    seed = graph.constant(1.0)
    found = adjoint_lines(
        graph, result, _lines(sources), seed=seed, lean=_folds_exactly(graph), is_number=_always, gaps=False
    )
    values: dict[int, Value] = {line: tidy.value(part) for part, line in lines.items()}
    read(tidy, graph, [adjoint for adjoint in found.values() if adjoint is not None], values)
    formulas: dict[str, Value] = {}
    for name, line in sources.items():
        adjoint = None if line is None else found[line]
        value: Value = (0, 0) if adjoint is None else values[adjoint]
        formulas[name] = in_shape(tidy, value, shapes[name])
    return formulas


def zero(tidy: Tidy, shape: Shape) -> Value:
    """0 in a SHAPE."""
    return in_shape(tidy, (0, 0), shape)


def in_shape(tidy: Tidy, value: Value, shape: Shape) -> Value:
    """VALUE in a SHAPE, repeated where it has fewer axes."""
    if tidy.shapes[value[1]] == shape:
        return value
    from gradcli.graph.tidy_arrays import spread

    return spread(tidy, value, shape)


def shape_of(graph: Graph, line: int) -> Shape:
    """The shape of a line."""
    return () if graph.shapes is None else graph.shapes[line]


def decimals_in(graph: Graph) -> bool:
    """Whether the program writes numbers with a decimal point."""
    return any(
        type(static) is float and static - static == 0 and static % 1 != 0 and not _is_named(static)
        for primitive, static in zip(graph.primitives, graph.statics, strict=True)
        if primitive is CONSTANT or primitive.name == "power"
    )


def _folds_exactly(graph: Graph) -> bool:
    """Whether all numbers of the program are whole and small, so that products of them lose no digit."""
    return all(
        type(static) is not float or (static % 1 == 0 and abs(static) < SMALL)
        for primitive, static in zip(graph.primitives, graph.statics, strict=True)
        if primitive is CONSTANT
    )


def _is_named(number: float) -> bool:
    from gradcli.graph.notation import SPELLED

    return abs(number) in SPELLED


def _always(line: int) -> bool:
    return True


def _lines(sources: Mapping[str, int | None]) -> Iterable[int]:
    return [line for line in sources.values() if line is not None]


def numbers_of(graph: Graph, point: Mapping[str, Any]) -> list[Any]:
    """The value of every line at a POINT."""
    if graph.shapes is None:
        return evaluate(graph, point)
    from gradcli.autodiff.arrays import evaluate as evaluate_arrays

    return evaluate_arrays(graph, point)
