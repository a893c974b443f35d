"""The page to click through: circuit, ledger and steps in one file that works offline and computes by itself."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from copy import copy
from importlib.resources import files

from gradcli.codegen.operations import Operations
from gradcli.errors import GradError
from gradcli.render.page.programs import inputs_of, program_of
from gradcli.render.picture.style import style as circuit_style
from gradcli.render.picture.svg import svg
from gradcli.report.array_explanation import ArrayExplanation
from gradcli.report.circuit import circuit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.report.explanation import Explanation

SCRIPTS = (
    "numbers.js", "machine.js", "digits.js", "arrays.js", "notes.js", "circuit.js", "sentences.js", "ledger.js",
    "page.js",
)  # fmt: skip
MOST_LINES = 400
CELL, RANGE = 8, 22  # of an array: of a number, of the smallest and the largest
ROOM = 9  # letters that a number on a wire may become, as in circuit.js


def page(explanations: Sequence[tuple[str, Explanation]], *, digits: int = 6) -> str:
    """The page of one program in several decompositions, given by name; the first is shown first.

    Raises GradError (limit) where there are more lines or numbers than a page can be clicked through; another than the
    first is left out then.
    """
    operations = Operations()
    programs: list[dict[str, Any]] = []
    circuits = ""
    for name, explanation in explanations:
        try:
            _refuse_length(explanation)
            explanation = backward_of(explanation)
            program, drawn = program_of(name, explanation, operations), circuit_of(explanation, len(programs), digits)
        except GradError:
            if not programs:
                raise
            continue
        programs.append(program)
        circuits += drawn
    first = explanations[0][1]
    data = {"digits": digits, "inputs": inputs_of(first), "programs": programs}
    title = programs[0]["title"].replace("*", "·").replace("-", "−")
    style, script = circuit_style() + source("page.css"), "\n".join(source(name) for name in SCRIPTS)
    functions = operations.source()
    return filled(
        source("page.html"),
        {
            "policy": policy([style], [functions, script]),
            "title": html.escape(safe(title)),
            "program": html.escape(safe(_statements(first.question.source))),
            "style": style,
            "circuits": circuits,
            "data": as_json(data),
            "operations": functions,
            "script": script,
        },
    )


def backward_of(explanation: Explanation) -> Explanation:
    """The same with its backward pass alone, where it is of forward mode."""
    if explanation.passes[0] is explanation.backward:
        return explanation
    found = copy(explanation)
    found.passes = [explanation.backward]
    if isinstance(found, ArrayExplanation):
        found.forward = False
    return found


def _refuse_length(explanation: Explanation) -> None:
    if len(explanation.rows) > MOST_LINES:
        raise GradError(
            "limit", f"a page of {len(explanation.rows):,} lines is too long, the most is {MOST_LINES}",
            hint="gradcli explain shows any number of lines; --view ledger is the list of steps",
        )  # fmt: skip


def _statements(text: str) -> str:
    """A program of several statements in one line; "" for one expression, which the title shows."""
    lines = [line.strip().rstrip(";") for line in text.strip().split("\n") if line.strip()]
    found = "; ".join(lines)
    return found if ";" in found else ""


def safe(text: str) -> str:
    """TEXT without control characters, bidirectional marks and other invisible signs."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def source(name: str) -> str:
    """The text of a file beside this one."""
    return files(__package__).joinpath(name).read_text("utf-8")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """TEMPLATE with each {{part}}; what stands inside a part is left alone."""
    pieces = []
    for piece in template.split("{{"):
        name, closed, rest = piece.partition("}}")
        pieces.append(parts[name] + rest if closed and name in parts else piece)
    return "".join(pieces)


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """The content security policy: nothing but these styles and scripts, and no request at all."""
    allowed = [
        "default-src 'none'", "base-uri 'none'", "form-action 'none'",
        f"style-src {' '.join(map(_hash, styles))}", f"script-src {' '.join(map(_hash, scripts))}",
    ]  # fmt: skip
    return "; ".join(allowed)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def as_json(value: object) -> str:
    """VALUE as JSON that cannot end the script it stands in; ASCII only."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def circuit_of(explanation: Explanation, place: int, digits: int) -> str:
    """The drawing of one decomposition; what is said in it of numbers is left to the page."""
    found = circuit(explanation, digits=digits, full=True)
    for box in found.boxes:
        box.locals = [text.rpartition(" = ")[0] for text in box.locals if " = " in text]
    parts = [(wire.value, wire.gradient) for wire in found.wires]
    parts += [(fork.value, fork.gradient) for fork in found.forks.values()]
    for cells in (cells for pair in parts for cells in pair):
        if cells is not None and cells.shape:  # room for other numbers
            cells.rows = [[text.rjust(CELL, "0") for text in row] for row in cells.rows]
            cells.says = "0" * RANGE if cells.says else ""
    drawn = svg(found, local=True, room=ROOM, sums=False, styled=False, heading=False, prefix=f"p{place}-")
    return f'<div data-program="{place}"{" hidden" if place else ""}>{drawn}</div>'
