"""The answer to a program in which a form is spelled out, from its tape, where nothing is worth a note."""

from __future__ import annotations

from gradcli.batch.driver import REFUSED
from gradcli.batch.onepass import Pass
from gradcli.batch.spelled import may_be_spelled
from gradcli.batch.stepping import EVERY, ONE, SIGNS, TWO
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import gradients_of, operands_of, pull_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.onepass import Row
    from gradcli.batch.spelled import Forms


def folded(run: Pass, result: int) -> tuple[float, list[float]] | None:
    """The value and the gradients of a program of one expression whose RESULT is a line of the tape.

    What its forms are is computed in their place, and again what depends on them. None where it is not sure which they
    are, or where something is odd or may be worth a note.
    """
    forms: Forms = {}
    if run.labels or run.lined or run.odd or DUE or result < run.base or may_be_spelled(run, forms) or not forms:
        return None
    again = Pass(run.given, run.functions)
    again.names, again.known, again.consts, again.routes = run.names, run.known, run.consts, run.routes
    tape = _computed(run, forms)
    numbers = None
    if tape and not DUE:
        again.total = sum([row[5] for row in tape])
        numbers = gradients_of(again, pull_back(tape, run.base, len(run.consts), result))
    DUE.clear()  # as it was
    return None if numbers is None else (tape[result - run.base][5], numbers)


def _computed(run: Pass, forms: Forms) -> list[Row]:
    """The tape with the FORMS; empty where Python refuses to compute it. Lines that only a form used are still there,
    and nothing flows to them."""
    base, consts, names, known = run.base, run.consts, run.names, run.known
    tape = [*run.tape]
    changed: set[int] = set()
    for place in range(min(forms) - base, len(tape)):
        step = tape[place][4]
        operands = operands_of(tape[place])
        if base + place in forms:
            name, operands = forms[base + place]
            step = EVERY.get((name, None, len(operands)))
            if step is None:
                return []
        elif changed.isdisjoint(operands):
            continue
        elif type(step) is str:
            step = SIGNS[step]
        changed.add(base + place)
        numbers = [
            tape[o - base][5] if o >= base else consts[~o] if o < 0 else known[names[o]][0] for o in operands
        ]
        try:
            y, *locals_ = step.run(*numbers)
        except REFUSED:
            return []
        if step.kind == ONE:
            tape[place] = operands[0], locals_[0], None, None, step, y
        elif step.kind == TWO:
            tape[place] = operands[0], locals_[0], operands[1], locals_[1], step, y
        else:
            tape[place] = operands, locals_[0], step, None, step, y
    return tape
