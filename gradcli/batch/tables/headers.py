"""What the header of a .npy says; nothing is unpickled, nothing but a literal is read."""

from __future__ import annotations

import ast

import numpy as np

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_HEADER = 1 << 20
NUMBERS = "fiub"
REFUSED = {"O": "Python objects, which are never unpickled", "c": "complex numbers", "S": "text", "U": "text",
           "M": "dates", "m": "times", "V": "records"}  # fmt: skip


def header_of(file: Any, whose: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type that the header of a .npy says; FILE stands behind it then. Nothing is unpickled."""
    start = file.read(8)
    if start[:6] == b"\x93NUMPY" and start[6:7] in (b"\1", b"\2", b"\3"):
        length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
        if length <= LONGEST_HEADER:
            try:
                text = file.read(length).decode("utf-8" if start[6] == 3 else "latin-1")
                said = ast.literal_eval(text.strip())
                shape, order = said["shape"], said["fortran_order"]
                dtype = np.lib.format.descr_to_dtype(said["descr"])
                counts = type(shape) is tuple and all(type(count) is int and count >= 0 for count in shape)
                if counts and type(order) is bool and text.endswith("\n"):  # which a header that was cut off does not
                    return shape, order, dtype
            except (SyntaxError, ValueError, KeyError, TypeError, IndexError, RecursionError, MemoryError):
                pass
    raise GradError("file", f"{whose} has no header of a .npy file", hint="numpy.save writes one")


def check_numbers(dtype: np.dtype[Any], whose: str) -> None:
    """Raise GradError (file) unless these are real numbers."""
    if dtype.kind not in NUMBERS or dtype.itemsize > 8:
        what = f"numbers of the type {dtype}" if dtype.kind in NUMBERS else REFUSED.get(dtype.kind, "no numbers")
        raise GradError("file", f"{whose} holds {what}", hint="save real numbers: numpy.save(path, x.astype(float))")
