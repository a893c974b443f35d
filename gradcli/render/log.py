"""The log of optimising as plain lines: the count after each pass, and the lines that went, one by one."""

from __future__ import annotations

from gradcli.render.plain import in_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.log import LogStep

WIDEST = 32  # cells of a line that outcomes stand behind; longer ones push theirs to the right
NOTHING = "nothing to leave out"


def log_lines(steps: Sequence[LogStep], *, width: int = 80, unicode: bool = True) -> list[str]:
    """A heading a pass, `drop 1*   5 → 2`, and below it what became of every line that it changed."""
    if not steps:
        return [NOTHING]
    name = max(len(step.name) for step in steps)
    found = []
    for step in steps:
        found.append(f"{step.name.ljust(name)}   {step.before:,} → {step.after:,}")
        wide = max([min(len(entry.line), WIDEST, width // 2) for entry in step.entries], default=0)
        texts = []
        for entry in step.entries:
            line, outcome = entry.line, entry.outcome
            behind = f"  {line.ljust(wide)}   {outcome}"
            texts += [behind] if len(behind) <= width else [f"  {line}", f"      {outcome}"]
        if step.hidden:
            half = len(step.entries) // 2
            shown = [*step.entries[:half]]
            at = sum(1 if len(f"  {e.line.ljust(wide)}   {e.outcome}") <= width else 2 for e in shown)
            texts.insert(at, f"  … {step.hidden:,} lines not shown (--full shows all)")
        found += texts
    return found if unicode else [in_ascii(line) for line in found]
