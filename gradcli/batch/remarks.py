"""The notes that a batch meets most, from the tape: a closed relu, a saturated line, inputs that a max left out."""

from __future__ import annotations

from gradcli.batch.onepass import Pass
from gradcli.batch.stepping import ONE, WATCHED
from gradcli.batch.sweep import ABSENT, SHUT, operands_of
from gradcli.graph import SATURATED_BELOW
from gradcli.graph.labels import RESULTS
from gradcli.graph.notation import Text, atom, constant, operation
from gradcli.insight.notes import CLOSED, MOST_OF_A_KIND, Note, first_of_each_kind, routed, saturated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.batch.onepass import Row


MOST_NAMES = 1000
UNLIKE: set[str] = set()  # names that are known to be unlike labels


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
    if run.labels or not (UNLIKE.issuperset(names) or _unlike_labels(names)):
        return None
    found = []
    base = run.base
    last = len(tape) - 1
    words = set()
    for place, row in enumerate(tape):
        step = row[4]
        if step not in WATCHED:
            continue
        upstream = adjoints[base + place]
        if upstream is ABSENT or upstream is SHUT or not _depends(tape, base, place):
            continue
        local = row[1]
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
        text = operation(primitive, step.static, [_text(run, operand) for operand in operands_of(tape[place])])[0]
        found.append(Note(kind, label, f"{label} = {text}: {says}"))
    if len(words) == 1:
        variables = adjoints[: len(names)]
        shut = sum([adjoint is SHUT for adjoint in variables])
        passed = [name for name, adjoint in zip(names, variables, strict=True) if adjoint and adjoint is not SHUT]
        found += routed(words.pop(), shut, passed, len(names), "f")
    return found if len(found) <= MOST_OF_A_KIND else [*first_of_each_kind(found)]


def _unlike_labels(names: Sequence[str]) -> bool:
    """Whether none of the NAMES may be taken for a label; then UNLIKE has them."""
    for name in names:
        if name in RESULTS or (name[0] == "v" and name[1:].isdigit()):
            return False
    if len(UNLIKE) > MOST_NAMES:
        UNLIKE.clear()
    UNLIKE.update(names)
    return True


def _depends(tape: Sequence[Row], base: int, place: int) -> bool:
    """Whether a line depends on a variable."""
    waiting = [*operands_of(tape[place])]
    while waiting:
        index = waiting.pop()
        if index >= base:
            waiting += operands_of(tape[index - base])
        elif index >= 0:
            return True
    return False


def _text(run: Pass, index: int) -> Text:
    if index < 0:
        return constant(run.consts[~index])
    return atom(run.names[index] if index < run.base else f"v{index - run.base + 1}")
