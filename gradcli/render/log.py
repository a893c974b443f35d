"""The log of optimising as plain lines: the count after each pass, and the lines that went, one by one."""

from __future__ import annotations

from gradcli.render.plain import hanging, in_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradcli.report.log import LogStep

WIDEST = 32  # cells of a line that outcomes stand behind; longer ones push theirs to the right



def log_lines(steps: Sequence[LogStep], *, width: int = 80, unicode: bool = True) -> list[str]:
    """A heading a pass, `drop 1*   5 → 2`, and below it what became of every line that it changed."""
    if not steps:
        return ["nothing to leave out"]
    name = max(len(step.name) for step in steps)
    found = []
    for step in steps:
        found.append(f"{step.name.ljust(name)}   {step.before:,} → {step.after:,}")
        wide = max([min(len(entry.line), WIDEST, width // 2) for entry in step.entries], default=0)
        half = len(step.entries) // 2
        for place, entry in enumerate(step.entries):
            if step.hidden and place == half:
                found += _within("  ", f"… {step.hidden:,} lines not shown (--full shows all)", width)
            behind = f"  {entry.line.ljust(wide)}   {entry.outcome}"
            if len(behind) <= width:
                found.append(behind)
            else:
                found += [*_within("  ", entry.line, width), *_within("      ", entry.outcome, width)]
    return found if unicode else [in_ascii(line) for line in found]


def _within(indent: str, text: str, width: int) -> list[str]:
    return hanging(indent, text, width).split("\n")
