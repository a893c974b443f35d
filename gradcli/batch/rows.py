"""The work of kind "map": a piece of a table in, the value and the gradients of each of its rows out.

The answer is text in whole lines, or the rows as little-endian doubles, one row after the other.
"""

from __future__ import annotations

from threading import Lock

import numpy as np

from gradcli.batch.program import Rows
from gradcli.batch.rowtext import heading, writer
from gradcli.batch.settings import plain, value_of
from gradcli.batch.tables import columns_of, refusal
from gradcli.language.question import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from gradcli.batch.tables.blocks import Block
    from gradcli.batch.work import Header, Spec, Task, Work
    from gradcli.codegen.rowprogram import RowProgram

    class Kernel(Protocol):
        """What computes a program over columns."""

        def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
            """Write the outputs of every row of the inputs."""


MANY = 1_000_000  # rows from which on a C compiler is worth its time
ROWS = "rows"  # the form of an answer that is no text


class Settings:
    """What map was asked to compute, and how the answers are written; as JSON, for other processes.

    NAMES are the columns of the table that matter, SHARED the values that all rows have. FORM is csv, tsv, jsonl, or
    `rows` for doubles. With MANY rows a loop in C pays. NUMBERS: each answer begins with the number of its row.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        shared: Mapping[str, Any],
        *,
        wrt: Sequence[str] | None = None,
        decomposition: str = "auto",
        ties: str = "split",
        kernel: str = "auto",
        fast_math: bool = False,
        form: str = ROWS,
        many: bool = False,
    ) -> None:
        self.source = source
        self.names = list(names)
        self.shared = dict(shared)
        self.wrt = None if wrt is None else list(wrt)
        self.decomposition = decomposition
        self.ties = ties
        self.kernel = kernel
        self.fast_math = fast_math
        self.form = form
        self.many = many

    def spec(self) -> Spec:
        """The settings as JSON."""
        shared = {name: plain(value) for name, value in self.shared.items()}
        return {**vars(self), "kind": "map", "shared": shared}

    @classmethod
    def of(cls, spec: Spec) -> Settings:
        """The settings that became SPEC."""
        given = {name: value for name, value in spec.items() if name not in ("kind", "shared", "here")}
        return cls(**given, shared={name: value_of(value) for name, value in spec["shared"].items()})

    def rows(self) -> Rows:
        """The program over the columns. Raises GradError."""
        options = Options(wrt=self.wrt, decomposition=self.decomposition, ties=self.ties)
        return Rows(self.source, self.names, self.shared, options)


def work(spec: Spec) -> Work:
    """The function that answers a piece of a table."""
    settings = Settings.of(spec)
    return Answers(settings, settings.rows().program, here="here" in spec).answer


class Answers:
    """Answers pieces of a table, in several threads at once where that is asked for."""

    def __init__(
        self, settings: Settings, program: RowProgram, say: Callable[[str], None] = lambda message: None, *,
        here: bool = False,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.here = here  # the bytes are written by this process, and need not be bytes of their own
        self.program = program
        self.kernel = kernel_of(program, settings, say)
        self.names = program.names
        self._text = None if settings.form == ROWS else writer(self.names, settings.form)

    def answer(self, header: Header, payload: bytes) -> Task:
        """The answers to the rows of a piece; what is wrong with rows is told in the header."""
        if header.get("heading"):
            return _heading_of(header), heading(self.names, self.settings.form)
        block = columns_of(header, payload)
        found = self.computed(block)
        told = header_of(header, block)
        if self._text is not None:
            return told, self._text(found)
        rows = found.astype("<f8", copy=False)
        return told, memoryview(rows).cast("B") if self.here and rows.size else rows.tobytes()  # type: ignore[return-value]

    def computed(self, block: Block) -> Any:
        """The value and the gradients, a row for each row of the block."""
        columns = [block.columns[name] for name in self.program.columns]
        found = np.empty((block.rows, len(self.names)))
        self.kernel.run(columns, [found[:, place] for place in range(found.shape[1])])
        if block.blank is not None:
            found[block.blank] = np.nan
        return found


def _heading_of(header: Header) -> Header:
    return {"number": header["number"], "lines": 1, "asked": 0, "errors": {}}


def header_of(header: Header, block: Block) -> Header:
    """The header of an answer: how many rows, which of them were bad, and whether that ends the run."""
    told: Header = {"number": header["number"], "lines": block.rows, "asked": block.rows, "errors": {}}
    if block.bad:
        first = block.bad[0]
        file = header["table"]["file"]
        fault = refusal(file, first)
        told["errors"] = {"bad": [len(block.bad), first.row, fault.message, file]}
        if header["table"]["policy"] == "fail":
            told["failure"] = [fault.kind, fault.message, fault.hint]
        elif block.blank is None:
            told["asked"] += len(block.bad)
    return told


def answers(spec: Spec, header: Header, payload: bytes) -> int:
    """How many rows the answer to a piece has."""
    return 1 if header.get("heading") else columns_of(header, payload).rows


def told(spec: Spec, header: Header, payload: bytes, output: bytes) -> Header:
    """The header that belongs to OUTPUT, the answer to a piece; nothing is computed again."""
    return _heading_of(header) if header.get("heading") else header_of(header, columns_of(header, payload))


_KERNELS = Lock()


def kernel_of(program: RowProgram, settings: Settings, say: Callable[[str], None]) -> Kernel:
    """What computes the program: the loop in C where that was asked for or pays, else numpy."""
    if settings.kernel == "c" or (settings.kernel == "auto" and settings.many):
        from gradcli.codegen.native import compiled

        reasons: list[str] = []
        with _KERNELS:
            found = compiled(program, fast_math=settings.fast_math, say=reasons.append)
        if found is not None:
            return _OneThread(found)
        if settings.kernel == "c":
            say(f"no loop in C, numpy computes: {'; '.join(reasons) or 'there is no compiler'}")
    from gradcli.codegen.rows import Kernel as OfNumpy

    return OfNumpy(program)


class _OneThread:
    """A loop in C in the thread that asks: the threads share out blocks already."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel

    def run(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Write the outputs of every row of the inputs."""
        self._kernel.run(inputs, outputs, threads=1)
