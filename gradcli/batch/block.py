"""Several programs at once, step by step: the same answers as one by one, in less time.

Every step is a short loop over all of them, which a processor goes through faster than through all steps of one.
"""

from __future__ import annotations

from gradcli.batch.driver import drive
from gradcli.batch.onepass import Pass
from gradcli.batch.spelled import is_telling, may_be_spelled
from gradcli.batch.steps import DUE
from gradcli.batch.sweep import swept
from gradcli.language import MAX_TOKENS, scan_each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradcli.batch.fused import Fused


def answers(fused: Fused, sources: Sequence[str], points: Sequence[Mapping[str, float]]) -> list[str | None]:
    """What `fused.members` says of each program; None also where it has to be asked alone."""
    found: list[str | None] = [None] * len(sources)
    if not fused.usable or max(map(len, sources)) >= MAX_TOKENS:
        return found
    functions = fused.functions
    read = []
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
    if not fused.says_all:
        plain = []
        later = read
    else:
        plain = [one for one in read if one[1].plain and not one[1].odd]
        later = [one for one in read if not one[1].plain or one[1].odd]
        if fused.recognises:
            later += [one for one in plain if is_telling(one[1]) and may_be_spelled(one[1])]
            done = {place for place, _, _ in later}
            plain = [one for one in plain if one[0] not in done]
    swept_all = [swept(run.tape, run.base, len(run.consts), entry[1])[: len(run.names)] for _, run, entry in plain]
    for (place, run, entry), numbers in zip(plain, swept_all, strict=True):
        total = sum(numbers) + run.total
        if total - total == 0:
            found[place] = fused.text(run, entry[0], numbers, ())
        else:
            later.append((place, run, entry))
    for place, run, entry in later:
        DUE.clear()
        found[place] = fused.answer(run, entry)
    return found
