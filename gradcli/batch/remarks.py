"""The notes that a batch meets most, from the tape: a closed relu, a saturated line, inputs that a max left out."""

from __future__ import annotations

from functools import lru_cache

from gradcli.batch.onepass import Pass
from gradcli.batch.stepping import ONE
from gradcli.batch.sweep import ABSENT, SHUT
from gradcli.graph import SATURATED_BELOW
from gradcli.graph.labels import RESULTS
from gradcli.graph.notation import Text, atom, constant, operation
from gradcli.insight.notes import CLOSED, Note, first_of_each_kind, routed, saturated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.batch.onepass import Row


def with_closed_gates(tape: Sequence[Row]) -> list[Row]:
    """The tape with every closed relu as the gate it is, for a sweep that closes what is below."""
    return [
        ((row[0],), (row[1],), row[4], None, row[4], row[5])
        if row[3] is None and row[2] is None and row[4].opens and not row[1]
        else row
        for row in tape
    ]


def remarks(run: Pass, tape: Sequence[Row], adjoints: Sequence[float]) -> list[Note] | None:
    """What insight would note of a program without definitions whose numbers are finite, and that has no tie or kink.

    TAPE is that of the run with closed gates. None where a name may be taken for a label.
    """
    names = run.names
    if run.labels or any(map(_is_label, names)):
        return None
    found = []
    base = run.base
    last = len(tape) - 1
    words = set()
    place = -1
    for _, local, _, _, step, _ in tape:
        place += 1
        if type(step) is str or not (step.routes or step.remarked):
            continue
        upstream = adjoints[base + place]
        if upstream is ABSENT or upstream is SHUT or not _depends(tape, base, place):
            continue
        primitive = step.primitive
        if step.routes:
            words.add(primitive.shown)
        if step.kind != ONE:
            continue
        if primitive.shown == "relu" and type(local) is tuple:
            kind, says = "dead", CLOSED
        elif primitive.verbs[0] == "saturates" and abs(local) < SATURATED_BELOW:
            kind, says = "saturated", saturated([local])
        else:
            continue
        label = "f" if place == last else f"v{place + 1}"
        text = operation(primitive, step.static, [_text(run, operand) for operand in _operands(tape[place])])[0]
        found.append(Note(kind, label, f"{label} = {text}: {says}"))
    if len(words) == 1:
        variables = adjoints[: len(names)]
        shut = sum([adjoint is SHUT for adjoint in variables])
        passed = [name for name, adjoint in zip(names, variables, strict=True) if adjoint and adjoint is not SHUT]
        found += routed(words.pop(), shut, passed, len(names), "f")
    return [*first_of_each_kind(found)]


@lru_cache(1000)
def _is_label(name: str) -> bool:
    return name in RESULTS or (name[0] == "v" and name[1:].isdigit())


def _operands(row: Row) -> tuple[int, ...]:
    first, _, second, other, _, _ = row
    return first if type(first) is tuple else (first,) if other is None else (first, second)


def _depends(tape: Sequence[Row], base: int, place: int) -> bool:
    """Whether a line depends on a variable."""
    waiting = [*_operands(tape[place])]
    while waiting:
        index = waiting.pop()
        if index >= base:
            waiting += _operands(tape[index - base])
        elif index >= 0:
            return True
    return False


def _text(run: Pass, index: int) -> Text:
    if index < 0:
        return constant(run.consts[~index])
    return atom(run.names[index] if index < run.base else f"v{index - run.base + 1}")
