"""What the functions of the Python face have in common: errors name arguments, and no misspelt one is a variable."""

from __future__ import annotations

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ParamSpec, TypeVar

    from gradcli.cli.results import Answered

    P = ParamSpec("P")
    R = TypeVar("R", bound=Answered)

INTRODUCED = ("write", "in", "add", "or", "say")  # words before an option that is followed by its value
OPTION = r"(?:\b(\w+) )?--([a-z][a-z-]*)(?: ('[^']*'|\"[^\"]*\"|[^\s;.)]+))?"
COMMAND = "gradcli "  # a line of a hint with a whole command in it stays one


def faced(function: Callable[P, R]) -> Callable[P, R]:
    """FUNCTION with errors that a Python programmer can act on.

    Raises GradError (usage) where a keyword that looks like an argument was taken for a name, and does not occur.
    """

    def answered(*args: P.args, **how: P.kwargs) -> R:
        try:
            found = function(*args, **how)
        except GradError as error:
            error.message, error.hint = in_python(error.message), error.hint and in_python(error.hint)
            error.args = (error.message,)
            named = [name for name in how if repr(name) in error.message]
            error.hint = _misspelt(named, function) or error.hint
            raise
        unused = [note.line for note in found._remarks() if note.kind == "unused" and note.line in how]
        if unused and (hint := _misspelt(unused, function)):
            raise GradError("usage", f"{unused[0]!r} does not occur in the program", hint=hint)
        return found

    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__", "__kwdefaults__"):
        setattr(answered, name, getattr(function, name))
    answered.__wrapped__ = function  # type: ignore[attr-defined]
    return answered


def _misspelt(names: Sequence[str], function: Callable[..., Any]) -> str | None:
    """What the first of the NAMES, taken for a variable, may have been meant for among the arguments of FUNCTION."""
    from difflib import get_close_matches

    from gradcli.cli.options import DEFAULTS

    own = [name for name in function.__kwdefaults__ or {} if name not in ("at", "log")]
    for name in [name for name in names if name not in own and len(name) > 2]:
        near = get_close_matches(name, own, 1, 0.7)
        if near:
            return f"did you mean the argument {near[0]}?"
        if name in DEFAULTS:
            return f"{function.__name__} has no argument {name}"
    return None


def in_python(text: str) -> str:
    """TEXT with options as arguments: `--ties split` as `ties="split"`, `--full` as `full=True`."""
    if "--" not in text:
        return text
    import re

    lines = [line if COMMAND in line else re.sub(OPTION, _argument, line) for line in text.split("\n")]
    return "\n".join(lines)


def _argument(found: Any) -> str:
    from gradcli.cli.options import OPTIONS

    before, option, value = found.groups()
    rows = [row for row in OPTIONS if row.name == option]
    name = option.replace("-", "_")
    start = f"{before} " if before else ""
    if not rows:
        return str(found[0])
    tail = "" if value is None else f" {value}"
    if rows[0].kind == "flag":
        return f"{start}{name}=True{tail}" if option != "json" else f"{start}as_json(){tail}"
    bare, end = (value or ""), ""
    while bare[-1:] in (",", ":"):
        bare, end = bare[:-1], bare[-1] + end
    chosen = any(bare in row.choices for row in rows)
    shaped = not rows[0].choices and (bare == "auto" or before in INTRODUCED or any(sign in bare for sign in ",:=[(@'"))
    if rows[0].kind in ("order", "digits") and bare.isdigit():
        return f"{start}{name}={bare}{end}"
    if bare and (chosen or shaped):
        quoted = bare if bare[0] in "'\"" else f'"{bare}"'
        return f"{start}{name}={quoted}{end}"
    return f"{start}{name}{tail}"
