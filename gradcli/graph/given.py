"""Values from files: .npy, .npz, .csv and .json become float64, or an error that says where.

Nothing is unpickled, nothing is written, and nothing is read before its size is known to fit.
"""

from __future__ import annotations

import os
import re
import stat

import numpy as np

from gradcli.errors import GradError
from gradcli.graph.nested import from_lists, larger, too_much
from gradcli.graph.shapes import BYTES, MAX_MEMORY, MOST_AXES, count, shown, sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value

SUFFIXES = (".npy", ".npz", ".csv", ".json")
MOST_JSON = 64 << 20  # bytes; a list of numbers takes ten times as much as an array
LONGEST_ROW = 16 << 20  # letters of a table
MOST_LISTED = 8
LONGEST_HEADER = 1 << 16
HEADER = (
    r"""'descr'\s*:\s*('[<>|=]?\w+(?:\[\w+\])?'|"[<>|=]?\w+(?:\[\w+\])?"|\[)""",
    r"""'fortran_order'\s*:\s*(True|False)""",
    r"""'shape'\s*:\s*\(([\d\s,]{0,1000})\)""",
)
KEPT = {"b": ("1",), "i": ("1", "2", "4", "8"), "u": ("1", "2", "4", "8"), "f": ("2", "4", "8")}  # numbers, bytes
REFUSED = {
    "O": "Python objects, which are never unpickled", "c": "complex numbers", "S": "text", "U": "text",
    "M": "dates", "m": "times", "V": "records", "[": "records",
}  # fmt: skip


def from_file(place: str, name: str, *, most: int = MAX_MEMORY) -> Value:
    """The number or array for NAME that stands at PLACE: `w.npy`, `all.npz`, `all.npz:w`, `x.csv`, `x.json`.

    Raises GradError (file, shape, value, limit); its hints say what to write in place of `NAME=@PLACE`.
    """
    path, member = _parted(place)
    suffix = _suffix(path)
    if not suffix:
        raise GradError("file", f"{path!r} is none of the files that hold numbers: {', '.join(SUFFIXES)}",
                        hint="the suffix says how a file is read")  # fmt: skip
    try:
        size = _size_of(path)
        if suffix == ".npz":
            found = _npz(path, member, name, most)
        elif suffix == ".npy":
            found = _npy(path, size, name, most)
        elif suffix == ".csv":
            found = _csv(path, size, most)
        else:
            found = _json(path, size, name, most)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise GradError("file", f"cannot read {path!r}: {reason}", hint=_home(path)) from None
    return found


def _parted(place: str) -> tuple[str, str | None]:
    """The path, and behind `.npz:` the name of an array in it."""
    if not _suffix(place):
        path, colon, member = place.rpartition(":")
        if colon and _suffix(path) == ".npz":
            return path, member
        if colon and _suffix(path):
            raise GradError("file", f"only .npz files hold arrays by name, and {path!r} is none",
                            hint=f"leave out ':{member}'")  # fmt: skip
    return place, None


def _suffix(path: str) -> str:
    return next((suffix for suffix in SUFFIXES if path.lower().endswith(suffix)), "")


def _home(path: str) -> str | None:
    return "the shell replaces ~ at the beginning of a word only: write $HOME" if path.startswith("~") else None


def _size_of(path: str) -> int:
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no regular file")
    if not status.st_size:
        raise GradError("file", f"{path!r} is empty")
    return status.st_size


# .npy and .npz


def _npy(path: str, size: int, name: str, most: int) -> Value:
    with open(path, "rb") as file:
        shape, fortran, kind = _header(file, size, repr(path), name, most)
        return _floats(np.fromfile(file, dtype=kind, count=count(shape)), shape, fortran)


def _npz(path: str, member: str | None, name: str, most: int) -> Value:
    from zipfile import BadZipFile, ZipFile
    from zlib import error as broken

    try:
        with ZipFile(path) as archive:
            info = archive.getinfo(_member(path, archive.namelist(), member, name) + ".npy")
            whose = f"{info.filename[:-4]!r} in {path!r}"
            with archive.open(info) as file:
                shape, fortran, kind = _header(file, info.file_size, whose, name, most)
                data = file.read(count(shape) * kind.itemsize + 1)
                _compare(whose, shape, kind, len(data))
                return _floats(np.frombuffer(data, dtype=kind), shape, fortran)
    except (BadZipFile, EOFError, NotImplementedError, RuntimeError, broken) as error:
        reason = str(error)
        said = f"{reason[:1].lower()}{reason[1:]}" or "it ends too early"
        raise GradError("file", f"{path!r} is no .npz that can be read: {said}") from None


def _member(path: str, files: Sequence[str], member: str | None, name: str) -> str:
    """Which array of an archive is meant."""
    names = [file[:-4] for file in files if file.endswith(".npy")]
    if not names:
        raise GradError("file", f"{path!r} holds no array", hint="numpy.savez('all.npz', W=W, b=b) writes one")
    if member is None and len(names) == 1:
        return names[0]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    listed = ", ".join(map(repr, names[:MOST_LISTED])) + more
    if member is None:
        example = name if name in names else names[0]
        raise GradError("file", f"{path!r} holds {len(names)} arrays: {listed}", hint=f"write {name}=@{path}:{example}")
    if member not in names:
        from difflib import get_close_matches

        near = get_close_matches(member, names, 1, 0.6)
        hint = f"did you mean {name}=@{path}:{near[0]}?" if near else None
        raise GradError("file", f"{path!r} holds no array {member!r}, only {listed}", hint=hint)
    return member


def _header(file: Any, size: int, whose: str, name: str, most: int) -> tuple[Shape, bool, np.dtype[Any]]:
    """Shape, order and kind of numbers that a .npy of SIZE bytes says it holds, if it can hold and we can keep them."""
    described, order, lengths = _described(file, whose)
    letter, width = described.lstrip("<>|=")[:1], described.lstrip("<>|=")[1:]
    if width not in KEPT.get(letter, ()):
        what = REFUSED.get(letter, f"numbers of the type {described!r}")
        real = "x.real" if letter == "c" else "x.astype(float)"
        raise GradError("file", f"{whose} holds {what}", hint=f"save real numbers: numpy.save(path, {real})")
    shape = tuple([int(length) for length in lengths.replace(",", " ").split()])
    kind = np.dtype(described)
    if not count(shape):
        raise GradError("shape", f"{whose} is an empty array: {shown(shape)}")
    if len(shape) > MOST_AXES:
        raise GradError("limit", f"{whose} has {len(shape)} axes, the most is {MOST_AXES}")
    _compare(whose, shape, kind, size - file.tell())
    if count(shape) * BYTES > most:
        raise too_much(name, shape, most)
    return shape, order == "True", kind


def _described(file: Any, whose: str) -> tuple[str, str, str]:
    """What the header of a .npy says of type, order and shape, as text; it is read by hand, not evaluated."""
    start = file.read(8)
    if start[:6] == b"\x93NUMPY" and start[6:7] in (b"\1", b"\2", b"\3"):
        length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
        header = file.read(min(length, LONGEST_HEADER)).decode("latin-1")
        found = [re.search(pattern, header) for pattern in HEADER]
        if all(found):
            described, order, lengths = [match[1] for match in found if match]
            return described.strip("'\""), order, lengths
    raise GradError("file", f"{whose} has no header of a .npy file", hint="numpy.save writes one")


def _compare(whose: str, shape: Shape, kind: np.dtype[Any], have: int) -> None:
    """Raise where a file has other than the numbers that its header promises."""
    wanted = count(shape) * kind.itemsize
    if have != wanted:
        promised = f"{shown(shape)} numbers of {kind.itemsize} byte{'s' * (kind.itemsize != 1)}"
        more = "more" if have > wanted else "fewer"
        hint = "keep one array in a file, or take .npz" if have > wanted else "it was cut off, or its header is wrong"
        message = f"{whose} has {more} bytes than its header says: {promised} are {wanted:,} bytes"
        raise GradError("file", message, hint=hint)


def _floats(found: Any, shape: Shape, fortran: bool) -> Value:
    if not shape:
        return float(found[0])
    shaped = found.reshape(shape[::-1]).T if fortran else found.reshape(shape)
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(shaped, dtype=np.float64)


# .json


def _json(path: str, size: int, name: str, most: int) -> Value:
    import json

    whose = repr(path)
    if size > MOST_JSON:
        raise GradError("limit", f"{whose} is longer than {sized(MOST_JSON)}",
                        hint="larger arrays go into .npy files")  # fmt: skip
    with open(path, "rb") as file:
        data = file.read(MOST_JSON + 1)
    try:
        text = data.decode("utf-8-sig")
        nested = json.loads(text, parse_int=float, parse_constant=_bare)
    except UnicodeDecodeError:
        raise _no_text(path) from None
    except json.JSONDecodeError as error:
        raise GradError("file", f"{whose} is not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
                        source=text, spans=[(error.pos, error.pos + 1)]) from None  # fmt: skip
    except RecursionError:
        raise GradError("limit", f"{whose} has more than {MOST_AXES} axes") from None
    if isinstance(nested, dict):
        raise GradError("file", f"{whose} holds an object, and a number or nested lists were expected",
                        hint=f"--at {path} reads values by name")  # fmt: skip
    return from_lists(nested, name, f" in {whose}", most=most)


def _bare(constant: str) -> float:
    raise GradError("file", f"{constant} is not JSON", hint=f'write "{constant}", with quotes')


def _no_text(path: str) -> GradError:
    return GradError("file", f"{path!r} is not UTF-8 text", hint="save it as UTF-8")


# .csv


def _csv(path: str, size: int, most: int) -> Value:
    """One column or one row is a vector, everything else a matrix; a first line without any number is a header."""
    import csv
    from array import array

    if size > most:
        raise GradError("limit", f"{path!r} has {sized(size)}, the most is {sized(most)}", hint=larger(size))
    numbers = array("d")
    width = rows = 0
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_lines(file, path), delimiter=_delimiter(path), skipinitialspace=True)
            for cells in reader:
                if not cells or (len(cells) == 1 and not cells[0].strip()):
                    continue
                if not rows and not width and not any(map(_is_number, cells)) and any(cell.strip() for cell in cells):
                    width = len(cells)  # a header
                    continue
                if width and len(cells) != width:
                    message = f"{path!r}, row {reader.line_num}: {_cells(len(cells))}, and {width} in the rows above"
                    raise GradError("file", message, hint="every row has the same number of cells")
                width = len(cells)
                numbers.extend(_row(cells, path, reader.line_num))
                rows += 1
                if len(numbers) * BYTES > most:
                    message = f"the numbers of {path!r} take more than {sized(most)}, which is the most"
                    raise GradError("limit", message, hint="--max-memory allows more")
    except UnicodeDecodeError:
        raise _no_text(path) from None
    except csv.Error as error:
        raise GradError("file", f"{path!r}, row {reader.line_num}: {error}") from None
    if not rows:
        raise GradError("shape", f"{path!r} holds no number")
    found = np.array(numbers)
    return found if min(rows, width) == 1 else found.reshape(rows, width)


def _lines(file: Any, path: str) -> Iterator[str]:
    for line in iter(lambda: file.readline(LONGEST_ROW), ""):
        if len(line) == LONGEST_ROW:
            raise GradError("limit", f"a row of {path!r} is longer than {LONGEST_ROW:,} letters")
        yield line


def _delimiter(path: str) -> str:
    """What parts the cells: a tab, a semicolon or a comma, as the first line of numbers has it."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = (line for line in _lines(file, path) if line.strip())
        first = next(lines, "")
        sample = next(lines, first)
    return next((sign for sign in "\t;" if sign in sample), ",")


def _row(cells: Sequence[str], path: str, row: int) -> list[float]:
    joined = "".join(cells)
    try:
        if "_" not in joined and joined.isascii():
            return [*map(float, cells)]
    except ValueError:
        pass
    column = next(k for k, cell in enumerate(cells) if not _is_number(cell))
    cell = cells[column].strip()
    where = f"{path!r}, row {row}, column {column + 1}"
    if not cell:
        raise GradError("file", f"{where}: a number is missing", hint="write nan where there is none")
    hint = None
    if cell.replace(",", "", 1).replace("-", "", 1).isdigit():
        hint = "write a decimal point"
    elif all(map(_is_number, cell.split())):
        hint = "cells are separated by a comma, a semicolon or a tab"
    shortened = cell if len(cell) <= 40 else cell[:40] + "…"
    raise GradError("file", f"{where}: {shortened!r} is no number", hint=hint)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell and cell.isascii()


def _cells(many: int) -> str:
    return f"{many} cell{'s' * (many != 1)}"


def from_object(value: Any, name: str) -> Value:
    """A numpy array, or what can be made one, as float64. Raises GradError (value, shape)."""
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GradError("value", f"the value of {name!r} cannot be read as an array: {error}") from None
    if found.dtype.kind == "O":
        return from_lists(found.tolist(), name, strict=False)
    if found.dtype.kind not in KEPT:
        what = REFUSED.get(found.dtype.kind, f"elements of type {found.dtype}").split(",")[0]
        raise GradError("value", f"the value of {name!r} holds {what}", hint="give numbers: x.astype(float)")
    if not found.size:
        raise GradError("shape", f"the value of {name!r} is an empty array: {shown(found.shape)}")
    with np.errstate(all="ignore"):
        if not found.shape:
            return float(found)
        return np.asarray(found, dtype=np.float64, order="C")  # not a copy: nothing here writes to what it was given
