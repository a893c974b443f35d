"""What lines of output say of the run that wrote them: how many failed, of which kind, and where first."""

from __future__ import annotations

import csv
import json
import re

from gradcli.batch.records import long_cells
from gradcli.batch.spreadsheet import FORMULA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradcli.batch.lines import Lines
    from gradcli.batch.work import Header

    Failure = tuple[int, int | None, str, str]  # which line of the output, that of the input, kind, message

SIGN = b'"error":{"kind":'  # a string of JSON that held this would have its quotes escaped
PLACE = re.compile(r" \(column \d+\)$")


def header_of(lines: Lines, header: Header, payload: bytes, output: bytes) -> Header:
    """The header of the answer OUTPUT to a chunk, as it was when it was computed."""
    count = output.count(b"\n")
    columns = lines.settings.columns
    failures = list(_objects(output) if columns is None else _rows(columns, output))
    numbers: list[int] = []
    if any(line is None for _, line, _, _ in failures):  # an answer with an id does not say its line
        numbers = [number for number, _ in lines.asked(header, payload)]
    errors: dict[str, list[object]] = {}
    for place, line, kind, message in failures:
        seen = errors.get(kind)
        if seen is None:
            errors[kind] = [1, numbers[place] if line is None else line, message, header["file"]]
        else:
            seen[0] += 1  # type: ignore[operator]
    asked = 0 if header.get("heading") else count
    return {"number": header["number"], "lines": count, "asked": asked, "errors": errors}


def _objects(output: bytes) -> Iterator[Failure]:
    if SIGN not in output:
        return
    for place, line in enumerate(output.split(b"\n")):
        if SIGN in line:
            answer = json.loads(line)
            if "error" in answer:
                yield place, answer.get("line"), answer["error"]["kind"], answer["error"]["message"]


def _rows(columns: Sequence[str], output: bytes) -> Iterator[Failure]:
    number = columns.index("line")  # the last three are error_kind, error and hint
    with long_cells():
        rows = [*csv.reader(output.decode("utf-8", "replace").split("\n"))]
    for place, row in enumerate(rows):
        if len(row) == len(columns) and row[-2] and row[number].isdigit():
            message = PLACE.sub("", row[-2])
            yield place, int(row[number]), row[-3], message[1:] if message[1:2] in FORMULA else message
