"""Derivatives as formulas: from a program to what it is in its names, of any order, mixed or not."""

from __future__ import annotations

from gradcli.autodiff.formulas import (
    TooManyLines,
    decimals_in,
    derivative_of,
    gradient_formulas,
    nested_formula,
    numbers_of,
    shape_of,
    value_formula,
)
from gradcli.errors import GradError
from gradcli.graph.formulas import TooLong, Unsaid
from gradcli.graph.tidy import Tidy
from gradcli.graph.tidy_parts import FINITE, MOST_ATTEMPTS, NONZERO
from gradcli.insight.notes import Note
from gradcli.language.unvalued import Unvalued
from gradcli.report.formulas import Formula, Formulas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.graph.tidy_parts import Value
    from gradcli.language.question import Options

MOST_PARTS = 200_000  # of all formulas together
MOST_LINES_AGAIN = 20_000  # of a formula that is differentiated once more
MOST_NAMES = 20_000


def formulas(
    source: str,
    given: Mapping[str, Any],
    options: Options,
    *,
    order: int = 1,
    mixed: bool = False,
    simplify: bool = False,
) -> Formulas:
    """The derivatives of the program in SOURCE as formulas in its variables.

    ORDER times by each name; MIXED: once by every name, in the order given. With SIMPLIFY steps are taken that
    change where a formula has a value, and a note says each. Raises GradError (usage, shape, limit).
    """
    if not mixed:
        _refuse_repeats(options.wrt or ())
    question = Unvalued(source, given, options)
    if options.wrt is None:
        question.sources = {name: line for name, line in question.sources.items() if name not in question.unused}
    names = list(question.sources)
    if not names and order:
        raise GradError("usage", "the program has no variable to differentiate by",
                        hint="its value is a number: gradcli eval computes it")  # fmt: skip
    _refuse_arrays(question, order)
    program = question.program
    tidy, found = _made(question, order, mixed=mixed, simplify=simplify)
    if len(tidy.kinds) > MOST_PARTS * 5:
        raise too_long()
    label = question.labels().names[question.result]
    made = Formulas(
        question, tidy, found, label=label, order=len(names) if mixed else order, mixed=mixed,
        decimals=decimals_in(program.graph), notes=_notes(question, tidy),
    )  # fmt: skip
    try:
        made.written()
    except TooLong as error:
        raise too_long(error.length) from None
    except Unsaid as error:
        raise GradError(
            "limit", f"the formula needs what the language has no word for: {error.args[0]} in reverse",
            hint="gradcli grad computes the numbers",
        ) from None  # fmt: skip
    if question.point and not question.missing:
        _evaluate(made)
    return made


def _made(question: Unvalued, order: int, *, mixed: bool, simplify: bool) -> tuple[Tidy, list[Formula]]:
    """The formulas, held to the derivatives at a few points."""
    from gradcli.questions.formula_checks import differs

    program = question.program
    for attempts in (0, MOST_ATTEMPTS):
        tidy = Tidy([*program.variables, *program.definitions], simplify=simplify)
        tidy.attempts = attempts  # with the most, no shorter form is looked for
        found = _mixed(question, tidy, order) if mixed else _each(question, tidy, order)
        if attempts or not differs(question, tidy, found):
            break
    return tidy, found


def _each(question: Unvalued, tidy: Tidy, order: int) -> list[Formula]:
    """The derivative of this order by every name."""
    graph, result, sources = question.graph, question.result, question.sources
    if order == 0:
        kept = _kept(question)
        return [Formula([], value_formula(tidy, graph, result, kept))]
    found = []
    for name, value in gradient_formulas(tidy, graph, result, sources).items():
        shape = _shape(question, name)
        for _ in range(order - 1):
            value = _next(tidy, value, name, shape)
        found.append(Formula([name] * order, value))
    return found


def _mixed(question: Unvalued, tidy: Tidy, order: int) -> list[Formula]:
    names = list(question.options.wrt or question.sources)
    if order != 1:
        raise GradError("usage", "--mixed takes no --order: a name stands as often as it is differentiated by",
                        hint="write --wrt x,x,y --mixed")  # fmt: skip
    graph, result = question.graph, question.result
    if not all(name in question.program.variables for name in names):
        return [Formula(names, nested_formula(tidy, graph, result, [question.sources[name] for name in names]))]
    first, *others = names
    value = gradient_formulas(tidy, graph, result, {first: question.sources[first]})[first]
    for name in others:
        value = _next(tidy, value, name, _shape(question, name))
    return [Formula(names, value)]


def _refuse_repeats(names: Sequence[str]) -> None:
    """Raise where a name is asked for twice: it may be meant as a mixed derivative."""
    if len(set(names)) < len(names):
        again = next(name for place, name in enumerate(names) if name in names[:place])
        raise GradError(
            "usage", f"{again!r} stands twice in --wrt",
            hint=f"--wrt {','.join(names)} --mixed differentiates by one after the other; --order 2 twice by each",
        )  # fmt: skip


def _next(tidy: Tidy, value: Value, name: str, shape: tuple[int, ...]) -> Value:
    before = len(tidy.kinds)
    try:
        found = derivative_of(tidy, value, name, shape, MOST_LINES_AGAIN)
    except TooManyLines:
        raise too_long() from None
    if len(tidy.kinds) - before > MOST_PARTS:
        raise too_long()
    return found


def _shape(question: Unvalued, name: str) -> tuple[int, ...]:
    line = question.sources[name]
    return () if line is None else shape_of(question.graph, line)


def _kept(question: Unvalued) -> dict[str, int]:
    """The names to differentiate by that are no variables."""
    variables = question.program.variables
    return {
        name: line for name, line in question.sources.items()
        if line is not None and name not in variables and line != question.result
    }  # fmt: skip


def _refuse_arrays(question: Unvalued, order: int) -> None:
    if question.shapes is None:
        return
    from gradcli.questions.arrays import refuse_arrays

    if order > 0:
        refuse_arrays(question, "diff")
    arrays = [name for name in question.sources if _shape(question, name)]
    if arrays and order > 1:
        raise GradError(
            "shape", f"the second derivative by {arrays[0]!r}, an array, has more axes than a formula here",
            hint=f"gradcli hessian computes it; or differentiate grad(f, {arrays[0]})[0] by one number",
        )  # fmt: skip


def too_long(length: int | None = None) -> GradError:
    """The error for a formula that nobody would read."""
    many = "too many parts" if length is None else f"{length:,} letters"
    return GradError(
        "limit", f"the formula has {many}, the most is 1,048,576 letters",
        hint="gradcli grad computes the numbers, gradcli eval 'd(f, x, 2)' those of higher orders; "
        "--wrt x,y asks for fewer derivatives",
    )  # fmt: skip


def _notes(question: Unvalued, tidy: Tidy) -> Sequence[Note]:
    from gradcli.graph.formulas import Writer

    found = [Note("unused", name, f"{name}: does not occur in the program") for name in question.unused]
    found += [Note(kind, message.partition(":")[0], message) for kind, message in question.program.remarks]
    found += [Note("domain", "formula", message) for message in tidy.remarks]
    for part, flag in tidy.assumed:
        try:
            text = Writer(tidy, taken=question.program.variables, most=200).write([(1, part)]).program()
        except TooLong:
            text = "a part of the formula"
        what = {FINITE: "finite", NONZERO: "other than 0"}.get(flag, "0 or more")
        found.append(Note("domain", text, f"{text} is taken to be {what}"))
    return found


def _evaluate(made: Formulas) -> None:
    """The numbers that the formulas have at the point; the first derivatives are those of the engine."""
    question = made.question
    from gradcli.questions import differentiated

    if made.order == 1 and not made.mixed:
        answer = differentiated(question.source, question.given, question.options)
        gradients = answer.gradients or {}
        made.numbers = {formula.key: gradients[formula.by[0]] for formula in made.formulas}
        return
    made.numbers = {}
    definitions = question.program.definitions
    point = dict(question.point)
    if any(name in definitions for name in question.sources):
        values = numbers_of(question.graph, question.point)
        point |= {name: values[line] for name, line in question.sources.items() if line is not None}
    for formula in made.formulas:
        made.numbers[formula.key] = number_of(made.tidy, formula.value, point)


def number_of(tidy: Tidy, value: Value, point: Mapping[str, Any]) -> Any:
    """What a formula is at a POINT."""
    from gradcli.graph import Graph
    from gradcli.graph.tidy_lines import write

    graph = Graph()
    if any(tidy.shapes):
        graph.shapes = []
    (line,) = write(tidy, graph, [value], {})
    return numbers_of(graph, point)[line]
