"""What the Python face is given: values of every kind as floats and arrays, choices as options."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.questions import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeAlias

    Value: TypeAlias = Any  # a number, lists of numbers, an array, or a text: an expression without variables
    Example: TypeAlias = Any  # "X:2x3,c", or shapes by name, {"X": (2, 3), "c": ()}, or "auto"
else:
    Value = Example = object  # `typing` would cost more than a small answer


def options(
    wrt: str | Iterable[str] | None = None,
    example: Example | None = None,
    max_memory: int | str | None = None,
    **choices: Any,
) -> Options:
    """How to answer; `wrt` is a list of names or one text, "x,y", `example` a text or shapes by name, `max_memory` a
    number of bytes or a text, "2G"."""
    for name, choice in choices.items():
        checked(name, choice)
    names = [part.strip() for part in wrt.split(",")] if isinstance(wrt, str) else wrt
    return Options(
        wrt=None if names is None else list(names), example=_example(example), max_memory=_bytes(max_memory), **choices
    )


def checked(name: str, choice: Any) -> None:
    """Raise GradError (usage) where CHOICE is none of the option NAME."""
    from gradcli.cli.options import BY_FLAG

    option = BY_FLAG[f"--{name}"]
    if not isinstance(choice, str) or not option.accepts(choice):
        from gradcli.cli.refusals import not_accepted

        refusal = not_accepted(option, str(choice))
        raise GradError("usage", refusal.message.removeprefix("--"), hint=refusal.hint)


def _bytes(many: int | str | None) -> int | None:
    if many is None:
        return None
    from gradcli.cli.options import BY_FLAG

    option = BY_FLAG["--max-memory"]
    if isinstance(many, bool) or not option.accepts(str(many)):
        from gradcli.cli.refusals import not_accepted

        refusal = not_accepted(option, str(many))
        raise GradError("usage", refusal.message.replace("--max-memory", "max_memory"))
    return option.value(str(many))  # type: ignore[return-value]


def _example(wanted: Example | None) -> str | None:
    """`example` as --example takes it; what is no size is left for it to refuse."""
    if wanted is None or isinstance(wanted, str):
        return wanted
    try:
        sized = {name: tuple(shape) if hasattr(shape, "__iter__") else (shape,) for name, shape in wanted.items()}
    except AttributeError:
        hint = 'write "X:2x3,c", or {"X": (2, 3), "c": ()}'
        raise GradError("usage", f"an example is a text or shapes by name, and {wanted!r} is none", hint=hint) from None
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" if shape else name for name, shape in sized.items())


def point(at: Mapping[str, Value] | None, values: Mapping[str, Value]) -> dict[str, float]:
    """The values by name; a keyword wins over `at`."""
    from gradcli import language

    found: dict[str, float] = {}
    for name, value in {**(at or {}), **values}.items():
        name = language.normalised(name)
        if not name or not language.is_name(name):
            raise GradError(
                "name", f"{name!r} is no name", hint="a name is a letter or '_', then letters, '_' or digits"
            )
        found[name] = number(name, value)
    return found


def number(name: str, value: Value) -> Any:
    """A number as it is, lists and arrays as an array of floats, a text as an expression without variables."""
    if type(value) is float:
        return value
    if isinstance(value, str):
        return _computed(name, value)
    if isinstance(value, (list, tuple, range)):
        from gradcli.graph.nested import from_lists

        return from_lists(_unpacked(value), name, strict=False)
    if hasattr(value, "__array__"):
        from gradcli.graph.given import from_object

        return from_object(value, name)  # it is in memory: no bound is needed for it alone
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError):
        found = f"and a {type(value).__name__} is none"
        raise GradError("value", f"the value of {name!r} has to be a number or an array, {found}") from None


def _computed(name: str, text: str) -> Any:
    from gradcli.graph.nested import NON_FINITE

    if text in NON_FINITE:
        return NON_FINITE[text]
    if text[:1] == "@":
        raise GradError("value", f"{text!r} is no value of {name!r}: files are read on the command line only",
                        hint="in Python give the array itself, as in W=numpy.load('w.npy')")  # fmt: skip
    from gradcli.language.builder import value_of

    return value_of(text, what=f"the value of {name!r}")


def _unpacked(value: Any) -> Any:
    """Lists in which numpy arrays stand as rows, with those as lists too."""
    if isinstance(value, range):
        return list(value)
    if any(hasattr(entry, "__array__") for entry in value):
        return [entry.tolist() if hasattr(entry, "tolist") else entry for entry in value]
    return value


def expression_text(expression: str) -> str:
    """The expression, which has to be a text."""
    if not isinstance(expression, str):
        raise GradError("usage", f"an expression is a text, and a {type(expression).__name__} is none")
    return expression
