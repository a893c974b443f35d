"""Tables in and out: csv, tsv, jsonl, npy, npz and parquet, read in pieces and written so that a crash loses nothing.

    with open_table("data.csv", wanted=["x", "y"]) as table:
        for block in table.blocks(8192): ...                    # in one process
        for header, payload in table.pieces(1 << 20): ...       # or `columns_of(header, payload)` in a worker
"""

from __future__ import annotations

from gradcli.batch.tables.blocks import POLICIES, Bad, Block, refusal, settled
from gradcli.batch.tables.sources import format_in, format_of, opened
from gradcli.batch.tables.table import after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from gradcli.batch.tables.table import Table

__all__ = ["POLICIES", "Bad", "Block", "columns_of", "format_of", "open_table", "refusal"]


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
        from gradcli.batch.arrayfile import ArrayFile

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
    if table["kind"] == "csv":
        from gradcli.batch.tables.rows_of_text import parsed
    elif table["kind"] == "npy":
        from gradcli.batch import arrayfile

        return arrayfile.columns_of(header, payload)
    elif table["kind"] == "jsonl":
        from gradcli.batch.tables.objects import parsed
    else:
        from gradcli.batch.tables.columnar import parsed
    values, bad = parsed(header, payload)
    columns = dict(zip(table["names"], values, strict=True))
    rows = values.shape[1]
    return after(settled(table["policy"], header["first"], columns, rows, bad), header["from"])
