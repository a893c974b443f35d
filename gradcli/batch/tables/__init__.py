"""Tables in and out: csv, tsv, jsonl, npy, npz and parquet, read in pieces and written so that a crash loses nothing.

    with open_table("data.csv", wanted=["x", "y"]) as table:
        for block in table.blocks(8192): ...                    # in one process
        for header, payload in table.pieces(1 << 20): ...       # or `columns_of(header, payload)` in a worker
"""

from __future__ import annotations

from gradcli.batch.tables.blocks import POLICIES, Bad, Block, refusal, settled
from gradcli.batch.tables.sources import format_in, format_of, format_to, opened
from gradcli.batch.tables.table import after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.batch.tables.rows_written import RowsWritten
    from gradcli.batch.tables.table import Header, Table

    Parsed = tuple[Any, list[Bad]]  # a column each, and the bad rows

__all__ = ["POLICIES", "Bad", "Block", "columns_of", "format_of", "format_to", "open_rows", "open_table", "refusal"]


def open_table(
    path: str, *, columns: Sequence[str] | None = None, wanted: Sequence[str] | None = None, bad_rows: str = "fail"
) -> Table:
    """The table at PATH, or on standard input for `-`; COLUMNS names the columns of one that has no names.

    Raises GradError (file, name, usage).
    """
    source = opened(path)
    try:
        table = _table(source, format_in(source, path), columns, bad_rows)
        if wanted is not None:
            table.select(wanted)
    except BaseException:
        source.close()
        raise
    return table


def _table(source: Any, kind: str, columns: Sequence[str] | None, policy: str) -> Table:
    if kind in ("csv", "tsv"):
        from gradcli.batch.tables.separated import Separated

        return Separated(source, policy, tabs=kind == "tsv", columns=columns)
    if kind == "npy":
        from gradcli.batch.tables.npy import ArrayFile

        return ArrayFile(source, policy, columns=columns)
    if kind == "jsonl":
        from gradcli.batch.tables.jsonl import JsonLines

        return JsonLines(source, policy, columns=columns)
    if kind == "npz":
        from gradcli.batch.tables.npz import Archive

        return Archive(source, policy, columns=columns)
    from gradcli.batch.tables.parquet import Parquet

    return Parquet(source, policy, columns=columns)


def columns_of(header: dict[str, Any], payload: bytes) -> Block:
    """The block that a piece holds: the same wherever it is computed."""
    table = header["table"]
    values, bad = _PARSED[table["kind"]](header, payload)
    columns = dict(zip(table["names"], values, strict=True))
    rows = header.get("rows", len(values[0]) if len(values) else 0)
    return after(settled(table["policy"], header["first"], columns, rows, bad), header["from"])


def _of_text(header: Header, payload: bytes) -> Parsed:
    from gradcli.batch.tables.rows_of_text import parsed

    return parsed(header, payload)


def _of_objects(header: Header, payload: bytes) -> Parsed:
    from gradcli.batch.tables.objects import parsed

    return parsed(header, payload)


def _of_array(header: Header, payload: bytes) -> Parsed:
    from gradcli.batch.tables.npy import parsed

    return parsed(header, payload)


def _of_columns(header: Header, payload: bytes) -> Parsed:
    from gradcli.batch.tables.columnar import parsed

    return parsed(header, payload)


_PARSED = {"csv": _of_text, "jsonl": _of_objects, "npy": _of_array, "columns": _of_columns}


def open_rows(
    path: str | None, names: Sequence[str], kind: str, *, inputs: Sequence[str] = (), rows: int | None = None,
    resume: bool = False,
) -> RowsWritten:  # fmt: skip
    """What takes rows of doubles and makes a file of that kind (npy, npz, parquet) of them. Raises GradError."""
    if kind == "npy":
        from gradcli.batch.tables.rows_written import RowsWritten

        return RowsWritten(path, names, inputs=inputs, rows=rows, resume=resume)
    from gradcli.batch.tables.spooled import Spooled

    return Spooled(path, names, kind, inputs=inputs, resume=resume)
