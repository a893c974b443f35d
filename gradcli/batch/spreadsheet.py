"""Answers as rows of a CSV: the columns, and the cells of one answer."""

from __future__ import annotations

import json

from gradcli.graph.nested import NON_FINITE
from gradcli.text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

FORMULA = ("=", "+", "-", "@", "\t")  # what a spreadsheet would compute
MORE = "more"  # the column of gradients that have none of their own
IN_CELLS = {word: repr(number) for word, number in NON_FINITE.items()}


def columns_of(answers: Iterable[dict[str, Any]], wrt: Sequence[str] | None, *, files: bool) -> list[str]:
    """The columns that suit a sample of ANSWERS, and stay for all others."""
    answers = list(answers)
    names = dict.fromkeys(wrt or ())
    if wrt is None:
        names = dict.fromkeys(name for answer in answers for name in answer.get("gradients", ()))
    found = ["file"] if files else []
    found += ["line"] + ["id"] * any("id" in answer for answer in answers) + ["value"]
    found += [f"d_{name}" for name in names]
    found += [name for name in ("hessian", "derivatives") if any(name in answer for answer in answers)]
    return [*found, MORE, "notes", "error_kind", "error", "hint"]


def heading(columns: Sequence[str]) -> str:
    """The first line."""
    return ",".join(map(_quoted, columns)) + "\n"


def row(columns: Sequence[str], file: str, number: int, label: str, members: str) -> str:
    """The line of one answer, whose MEMBERS are JSON."""
    answer = json.loads("{" + (f"{label}," if label else "") + members + "}")
    cells = {"line": str(number), "file": text(file)}
    if "id" in answer:
        name = answer["id"]
        cells["id"] = text(name) if label[5:6] == '"' else label[5:]
    if "value" in answer:
        cells["value"] = _number(answer["value"])
    own = set(columns)
    more = {}
    for name, gradient in answer.get("gradients", {}).items():
        column = f"d_{name}"
        if column in own:
            cells[column] = _number(gradient)
        else:
            more[name] = gradient
    for name in ("hessian", "derivatives"):
        if name in answer:
            if name in own:
                cells[name] = json_text(answer[name])
            else:
                more[name] = answer[name]
    if more:
        cells[MORE] = json_text(more)
    if "notes" in answer:
        cells["notes"] = text("; ".join(note["message"] for note in answer["notes"]))
    if "error" in answer:
        cells["error_kind"], cells["error"] = answer["error"]["kind"], text(_error(answer["error"]))
        cells["hint"] = text("; ".join(answer["error"].get("hint", "").split("\n")))
    return ",".join([_quoted(cells.get(column, "")) for column in columns]) + "\n"


def _error(facts: dict[str, Any]) -> str:
    """The message, with its place where a program has one."""
    place = f" (column {facts['column']})" if "column" in facts else ""
    return f"{facts['message']}{place}"


def text(words: str) -> str:
    """A cell of text: on one line, and none that a spreadsheet would compute."""
    words = words.replace("\r", "\\r").replace("\n", "\\n")
    return "'" + words if words.startswith(FORMULA) and not _is_number(words) else words


def _is_number(words: str) -> bool:
    try:
        float(words)
    except ValueError:
        return False
    return True


def _number(value: Any) -> str:
    """A number as JSON has it, but for nan and inf; an array as nested lists."""
    if isinstance(value, str):
        return IN_CELLS.get(value, value)
    return repr(value) if isinstance(value, float) else json_text(value)


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
