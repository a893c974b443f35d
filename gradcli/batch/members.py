"""What a line may say beside its program, checked: names, choices, an order, an id."""

from __future__ import annotations

from difflib import get_close_matches

from gradcli import language
from gradcli.batch.settings import CHOICES, MOST_ORDER
from gradcli.batch.strict import Members, Written
from gradcli.errors import GradError
from gradcli.text import json_string

MEMBERS = ("id", "expr", "at", "wrt", "mode", "decomposition", "order")
WRT_EXAMPLE = 'write ["x", "y"] or "x,y"'
MEANT = {
    **dict.fromkeys(("expression", "exp", "program", "source", "formula", "f", "text", "code"), "expr"),
    **dict.fromkeys(("point", "values", "vars", "variables", "inputs", "bindings", "params", "args"), "at"),
    **dict.fromkeys(("name", "key", "label", "index"), "id"),
    **dict.fromkeys(("variable", "by", "with_respect_to", "names"), "wrt"),
}  # fmt: skip


MOST_DIGITS = 4000  # Python, and others, read no longer whole numbers


def label_of(name: object) -> str:
    """The member `id` as it was given."""
    if name is None:
        return ""
    if isinstance(name, Written):
        if len(name.text) > MOST_DIGITS:
            raise GradError("limit", f"'id' has over {MOST_DIGITS:,} digits", hint="write it as a text, in quotes")
        return f'"id":{name.text}'
    if isinstance(name, bool):
        return f'"id":{"true" if name else "false"}'
    if isinstance(name, str):
        return f'"id":{json_string(name)}'
    raise unfit("id", "a text, a number or a truth value", name)


def unknown_member(name: str, found: object, is_name: bool = False) -> GradError:
    """A member that a line does not have; misspelt, or a value that belongs into `at`."""
    if name in MEANT:
        return GradError("usage", f"unknown member {name!r}", hint=instead(MEANT[name]))
    near = get_close_matches(name.lower(), MEMBERS, 1, 0.6)
    if near:
        return GradError("usage", f"unknown member {name!r}", hint=instead(near[0]))
    hint = f"a line has {', '.join(MEMBERS[:-1])} and {MEMBERS[-1]}"
    if is_name:
        hint += f'; a value goes into at: "at": {{"{name}": ...}}'
    return GradError("usage", f"unknown member {name!r}", hint=hint)


def instead(meant: str) -> str:
    """What was meant."""
    return f"did you mean {meant!r}?"


def unfit(what: str, wanted: str, value: object, hint: str | None = None) -> GradError:
    what = what if what.startswith("the ") else repr(what)
    return GradError("usage", f"{what} has to be {wanted}, {_kind(value)} given", hint=hint)


def _kind(value: object) -> str:
    if isinstance(value, Members):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Written):
        return f"the number {value.text}" if len(value.text) < 30 else "a number"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else repr(value) if len(str(value)) < 30 else "a text"


def checked_name(name: str, place: str) -> str:
    """NAME in its normal form. Raises GradError (name) where it is none."""
    name = language.normalised(name)
    if name == "at":
        raise GradError("name", "'at' is a reserved word and no name", hint="use another name")
    if not name or not language.is_name(name):
        hint = "a name is a letter or '_', then letters, '_' or digits"
        raise GradError("name", f"{name!r} in {place} is no name", hint=hint)
    return name


def names_of(wrt: object) -> list[str]:
    """The names to differentiate by: a list, or a text with commas."""
    found = wrt.split(",") if isinstance(wrt, str) else wrt
    if not isinstance(found, list):
        raise unfit("wrt", "a list of names", wrt, WRT_EXAMPLE)
    for name in found:
        if not isinstance(name, str):
            raise unfit("wrt", "a list of names", name, WRT_EXAMPLE)
    names = [language.normalised(name.strip()) for name in found]
    if not names or not all(names):
        raise GradError("usage", "'wrt' names nothing", hint=f'{WRT_EXAMPLE}; order 0 computes no gradients')
    return names


def chosen(choice: object, name: str) -> str | None:
    """One of the choices of `mode` or `decomposition`."""
    if choice is None or choice in CHOICES[name]:
        return choice
    near = get_close_matches(choice, CHOICES[name], 1, 0.6) if isinstance(choice, str) else []
    wanted = f"one of {', '.join(CHOICES[name])}"
    raise unfit(name, wanted, choice, f"did you mean {near[0]!r}?" if near else None)


def order_of(order: object) -> int:
    """A whole number from 0 to 20."""
    if isinstance(order, Written) and order.is_integer() and 0 <= order <= MOST_ORDER:
        return int(order)
    raise unfit("order", f"a whole number from 0 to {MOST_ORDER}", order)


def order_of_text(text: str) -> int:
    """The same of a cell."""
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_ORDER:
        return int(text)
    raise GradError("usage", f"'order' has to be a whole number from 0 to {MOST_ORDER}, {text!r} given")


