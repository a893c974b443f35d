"""Several programs at once, step by step: the same answers as one by one, in less time.

Every step is a short loop over all of them, which a processor goes through faster than through all steps of one.
"""

from __future__ import annotations

from gradcli.batch.driver import drive
from gradcli.batch.onepass import Pass
from gradcli.batch.spelled import is_telling, may_be_spelled
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import gradients_of, pull_back, swept
from gradcli.language import MAX_TOKENS, scan_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.batch.fused import Fused
    from gradcli.batch.onepass import Entry


def answers(fused: Fused, sources: Sequence[str], points: Sequence[Mapping[str, float]]) -> list[str | None]:
    """What `fused.members` says of each program; None also where it has to be asked alone."""
    found: list[str | None] = [None] * len(sources)
    if not fused.usable or max(map(len, sources)) >= MAX_TOKENS:
        return found
    functions = fused.functions
    read: list[tuple[int, Pass, Entry]] = []
    for place, words in enumerate(scan_each(sources)):
        if words is not None:
            run = Pass(points[place], functions)
            entry = drive(run, words)
            if entry is None:
                continue
            if DUE:
                found[place] = fused.answer(run, entry)
            else:
                read.append((place, run, entry))
    later: list[tuple[int, Pass, Entry]] = []
    plain: list[tuple[int, Pass, Entry]] = []
    gated: list[tuple[int, Pass, Entry]] = []
    for one in read:
        run = one[1]
        if run.odd or not fused.says_all or (fused.recognises and is_telling(run) and may_be_spelled(run)):
            later.append(one)
        else:
            (plain if run.plain else gated).append(one)
    gradients = [swept(run.tape, run.base, len(run.consts), entry[1])[: len(run.names)] for _, run, entry in plain]
    for one, numbers in zip(plain, gradients, strict=True):
        place, run, entry = one
        total = sum(numbers) + run.total
        if total - total == 0:
            found[place] = fused.text(run, entry[0], numbers, ())
        else:
            later.append(one)
    DUE.clear()
    for one in gated:
        place, run, entry = one
        quiet = gradients_of(run, pull_back(run.tape, run.base, len(run.consts), entry[1]))
        if quiet is not None:
            found[place] = fused.text(run, entry[0], quiet, ())
        else:
            DUE.clear()
            later.append(one)
    for place, run, entry in later:
        DUE.clear()
        found[place] = fused.answer(run, entry)
    return found
