"""Several programs at once, step by step: the same answers as one by one, in less time.

Every step is a short loop over all of them, which a processor goes through faster than through all steps of one.
"""

from __future__ import annotations

from gradcli.batch.driver import drive
from gradcli.batch.onepass import Pass
from gradcli.batch.remarks import remarks, with_closed_gates
from gradcli.batch.spelled import LITERALS, may_be_spelled
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import gradients_of, pull_back, shown, swept
from gradcli.language import MAX_TOKENS, scan_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.batch.fused import Fused
    from gradcli.batch.onepass import Entry, Row

    Asked = tuple[int, Pass, Entry, Sequence[int]]  # the last is what DUE held when it was read

NOTHING: Sequence[int] = ()


def answers(fused: Fused, sources: Sequence[str], points: Sequence[Mapping[str, float]]) -> list[str | None]:
    """What `fused.members` says of each program; None also where it has to be asked alone."""
    found: list[str | None] = [None] * len(sources)
    if not fused.usable or max(map(len, sources)) >= MAX_TOKENS:
        return found
    functions, says_all, recognises, text = fused.functions, fused.says_all, fused.recognises, fused.text
    plain: list[tuple[int, Pass, Entry]] = []
    gated: list[Asked] = []
    later: list[Asked] = []
    read: list[Asked] = []
    for place, words in enumerate(scan_each(sources)):
        if words is None:
            continue
        run = Pass(points[place], functions)
        entry = drive(run, words)
        if entry is None:
            continue
        read.append((place, run, entry, [*DUE] if DUE else NOTHING))
    for one in read:
        place, run, entry, due = one
        if not says_all or run.odd or 1 in due:
            later.append(one)
        elif (
            (run.tells > 1 or run.roots or not LITERALS.isdisjoint(run.consts)) and recognises and may_be_spelled(run)
        ):  # fmt: skip
            later.append(one)
        elif run.plain and not due:
            plain.append((place, run, entry))
        else:
            gated.append(one)
    gradients = [swept(run.tape, run.base, len(run.consts), entry[1])[: len(run.names)] for _, run, entry in plain]
    for (place, run, entry), numbers in zip(plain, gradients):  # noqa: B905
        total = sum(numbers) + run.total
        if total - total == 0:
            found[place] = text(run, entry[0], numbers, ())
        else:
            later.append((place, run, entry, NOTHING))
    noted: list[tuple[Asked, list[Row], list[float]]] = []
    for one in gated:
        place, run, entry, due = one
        tape = with_closed_gates(run.tape) if due else run.tape
        DUE.clear()
        adjoints = pull_back(tape, run.base, len(run.consts), entry[1])
        if DUE:
            later.append(one)
            continue
        quiet = None if due else gradients_of(run, adjoints)
        if quiet is None:
            noted.append((one, tape, adjoints))
        else:
            found[place] = text(run, entry[0], quiet, ())
    for one, tape, adjoints in noted:
        place, run, entry, _ = one
        total = sum(adjoints) + run.total
        notes = remarks(run, tape, adjoints) if total - total == 0 else None
        if notes is None:
            later.append(one)
        else:
            found[place] = text(run, entry[0], shown(run, adjoints), notes)
    for place, run, entry, due in later:
        DUE[:] = due
        found[place] = fused.answer(run, entry)
    return found
