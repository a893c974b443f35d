"""What is wrong with a command line: words that are no NAME=VALUE, options that do not exist or do not fit."""

from __future__ import annotations

from difflib import get_close_matches

from gradcli import language
from gradcli.cli.options import BY_FLAG, COMMANDS, MANY, MOST_DIGITS, MOST_ORDER, OPTIONS, Option, options_of
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TO_SEE = {
    "eval": "eval 'sqrt(2)*pi'", "diff": "diff 'x^2*y'", "vjp": "vjp 'x*[1,2]' x=3 --upstream '[1,1]'",
    "jvp": "jvp 'x*y' x=2 y=3 --along x=1", "jacobian": "jacobian '[x*y, x+y]' x=2 y=3",
    "hvp": "hvp 'x^2*y' x=2 y=3 --along x=1", "map": "map 'x*y' data.csv -o out.csv",
}  # fmt: skip
MEANT = {
    **dict.fromkeys(("d", "derive", "derivative", "differentiate", "deriv", "formula", "symbolic"), "diff"),
    **dict.fromkeys(("gradient", "gradients", "backward", "backprop"), "grad"),
    **dict.fromkeys(("evaluate", "value", "compute", "calc", "calculate"), "eval"),
    **dict.fromkeys(("jac", "jacobi"), "jacobian"), **dict.fromkeys(("hess", "hesse"), "hessian"),
    **dict.fromkeys(("vs", "cmp"), "compare"), "show": "explain", "list": "functions",
    **dict.fromkeys(("many", "lines", "bulk"), "batch"), **dict.fromkeys(("rows", "apply", "table"), "map"),
    **dict.fromkeys(("codegen", "generate", "export", "source"), "code"),
    **dict.fromkeys(("draw", "picture", "plot", "circuit", "dot", "svg"), "graph"),
}  # fmt: skip
MEANT_IN_SHORT = {"q": "quiet", "j": "jobs", "f": "format", "r": "resume"}
ENDING = {"md": "markdown", "tex": "latex", "txt": "text", "htm": "html"}
STANDS_ALONE = ("--version", "--install-completion", "--show-completion")
EXAMPLES = "a number, an array or an expression of numbers: {0}=-1, {0}=pi/4, {0}=[1,2], {0}=@file.npy"


def usage(message: str) -> GradError:
    """What typer found wrong."""
    return GradError("usage", message.rstrip("."))


def one_name(words: Sequence[str]) -> GradError:
    """Several names where one is described."""
    return GradError("usage", f"{words[1]!r} found after {words[0]!r}: functions describes one name at a time")


def no_expression(command: str | None = None) -> GradError:
    """Nothing to compute; the example is one of the COMMAND."""
    words = TO_SEE.get(command or "", f"{command} 'x*y' x=2 y=3" if command else "'x*y' x=2 y=3")
    more = f"{command} --help" if command else "--help"
    return GradError(
        "usage", "no expression given", hint=f"write one, as in: gradcli {words}\ngradcli {more} says more"
    )


def no_document(format: str, option: str) -> GradError:
    """A lesson is a text, or JSON."""
    hint = f"leave out --{option}, or use --format text or json"
    return GradError("usage", f"--{option} has no {format}", hint=hint)


def no_setting(word: str, expression: str) -> GradError:
    """A word after the expression that gives no name a value; the expression may be a misspelt command."""
    near = get_close_matches(expression, COMMANDS, 1, 0.6) if expression.isidentifier() else []
    near = [MEANT[expression]] if expression in MEANT else near
    hint = f"did you mean the command {near[0]!r}?" if near else "quote an expression that has blanks, as in 'x + y'"
    after = f" after the expression {expression!r}" if expression else ""
    if word == "-o":
        hint = "this command writes to standard output: > FILE sends it to a file"
    return GradError("usage", f"{word!r} found, NAME=VALUE expected{after}", hint=hint)


def checked_name(word: str, name: str, text: str, words: Sequence[str]) -> str:
    """The NAME of WORD in its normal form, if it is one, is new and gets a value."""
    name = language.normalised(name)
    shown = language.normalised(word)
    at = shown.find(name) if name else 0
    spans = [(at, at + max(len(name), 1))]
    if name == "at":
        raise GradError(
            "name", "'at' is a reserved word and no name", hint="use another name", source=shown, spans=spans
        )
    if not name or not language.is_name(name):
        hint = "a name is a letter or '_', then letters, '_' or digits"
        if name and not text:
            hint = "write NAME=VALUE"
        raise GradError("name", f"{name!r} is no name" if name else "no name stands left of '='",
                        hint=hint, source=shown, spans=spans)  # fmt: skip
    if not text:
        end = len(shown)
        raise GradError(
            "value", f"{name!r} gets no value", hint="write " + EXAMPLES.format(name), source=shown, spans=[(end, end)]
        )
    again = [other for other in map(language.normalised, words) if _name_of(other) == name]
    if len(again) > 1:
        source = " ".join(again[:2])
        places = [(0, len(name)), (len(again[0]) + 1, len(again[0]) + 1 + len(name))]
        raise GradError("name", f"{name!r} gets a value twice", hint="keep one of the two", source=source, spans=places)
    return name


def _name_of(word: str) -> str:
    return word.partition("=")[0].strip()


def within(word: str, error: GradError) -> GradError:
    """The error of a value, with its place in the whole word NAME=VALUE."""
    word = language.normalised(word)
    start = word.rfind(error.source) if error.source else -1
    if start < 0 or error.source is None:
        return error
    spans = [(low + start, high + start) for low, high in error.spans] or [(start, len(word))]
    belongs = None if error.belongs is None else (error.belongs[0] + start, error.belongs[1] + start)
    operator = None if error.operator is None else (error.operator[0] + start, error.operator[1] + start)
    hint = error.hint
    if hint and error.belongs is not None and belongs is not None:
        hint = hint.replace(f" at column {error.belongs[0] + 1} ", f" at column {belongs[0] + 1} ")
    return GradError(
        error.kind, error.message, hint=hint, source=word, spans=spans, belongs=belongs, labels=error.labels,
        operator=operator,
    )


def no_file(word: str, name: str) -> GradError:
    """`NAME=@` without a file."""
    end = len(word)
    return GradError("file", "no file is named after '@'", hint=f"write {name}=@weights.npy, or .npz, .csv, .json",
                     source=word, spans=[(end, end)])  # fmt: skip


def in_file(word: str, path: str, error: GradError) -> GradError:
    """The error of a file, with its place in the word NAME=@FILE; one that shows the file's text keeps that."""
    if error.source is not None:
        return error
    start = word.rfind(path)
    return GradError(error.kind, error.message, hint=error.hint, source=word, spans=[(start, start + len(path))])


def unknown_option(word: str, command: str) -> GradError:
    """An option that the command does not have."""
    name = word.partition("=")[0]
    option = BY_FLAG.get(name)
    if option is not None:
        owners = frozenset(owner for other in OPTIONS if other.name == option.name for owner in other.commands)
        hint = f"it belongs to {_listed(owners)}"
        if command == "map" and name == "--at":
            setting = word.partition("=")[2] or "x=3"
            hint = f"a value for all rows stands behind the data: gradcli map EXPR DATA {setting}"
        return GradError("usage", f"{command} has no option {name}", hint=hint)
    if name in STANDS_ALONE:
        return GradError("usage", f"{name} stands alone", hint=f"gradcli {name}")
    names = [*(f"--{o.name}" for o in options_of(command)), "--help"]
    if command in MANY and name[:2] != "--":
        near = [f"--{MEANT_IN_SHORT[name[1]]}"] if name[1] in MEANT_IN_SHORT else []
    else:
        near = [other for other in names if sorted(other.split("-")) == sorted(name.split("-"))]
        near = near or get_close_matches(name, names, 1, 0.6)
    message = f"no such option {name}" + (f"; did you mean {near[0]}?" if near else "")
    otherwise = f"a file of this name is ./{word}" if command in MANY else after_dashes(word)
    return GradError("usage", message, hint=None if near else f"gradcli {command} --help lists them; {otherwise}")


def meant_as_program(word: str) -> str | None:
    """What to write where a WORD that is no file was meant as a program, or as NAME=VALUE; None where it is neither."""
    from shlex import quote

    name, equals, text = word.partition("=")
    try:
        if equals and language.is_name(name.strip()) and text.strip() and " at " not in text:
            language.parse(text)
            return f"for a value of every line, write --at {quote(word)}"
        language.parse(word)
    except GradError:
        return None
    if any(sign in word for sign in "*?[") and "/" in word and " " not in word:
        return None  # a pattern of files, that reads as a product, too
    return f"for a program, write: echo {quote(word)} | gradcli batch -, or gradcli grad {quote(word)}"


def given_twice(name: str, texts: Sequence[str]) -> GradError:
    """An option whose second text would take the place of the first."""
    hint = "keep one of the two"
    if name == "wrt" or (name == "at" and all("=" in text for text in texts)):
        from shlex import quote

        hint = f"write --{name} {quote(','.join(texts))}"
    return GradError("usage", f"option --{name} is given twice", hint=hint)


def _listed(commands: frozenset[str]) -> str:
    """Commands in their order, with `and` before the last."""
    *others, last = [command for command in COMMANDS if command in commands]
    return f"{', '.join(others)} and {last}" if others else last


def after_dashes(word: str) -> str:
    """How to have a word that looks like an option computed."""
    return f"to compute it, write -- '{word}'"


def only_with(option: str, other: str, hint: str) -> GradError:
    """An option of `explain` that means something beside another one only."""
    return GradError("usage", f"explain takes --{option} only with --{other}", hint=hint)


def not_accepted(option: Option, text: str | None) -> GradError:
    """A value that does not fit its option, or is missing."""
    if option.kind == "flag":
        return GradError("usage", f"--{option.name} takes no value, {text!r} given")
    if option.kind == "choice":
        wanted = f"one of {', '.join(option.choices)}" if len(option.choices) > 1 else option.choices[0]
    else:
        wanted = {
            "digits": f"a number from 1 to {MOST_DIGITS}", "order": f"a whole number from 0 to {MOST_ORDER}",
            "names": "names, as in x,y",
            "bytes": "a number of bytes, as in 500M or 2G", "example": "names with shapes, as in X:2x3,c",
            "element": "a name and its indices, as in X[0,0]",
            "point": f"names and {'values' if option.name == 'at' else 'how they move'}, as in x=1,y=-2",
            "count": "a whole number from 1 on",
            "columns": "names of columns, as in x,y[0],y[1]", "address": "an address, as in tcp://10.0.0.1:8786",
            "value": "an expression without variables, or @FILE",
        }.get(option.kind, "a file")  # fmt: skip
    near = get_close_matches(text or "", option.choices, 1, 0.6)
    found = "nothing" if text is None else repr(text)
    hint = f"did you mean {near[0]!r}?" if near else None
    owners = frozenset(
        command for other in OPTIONS if other.name == option.name and text in other.choices
        for command in other.commands
    )  # fmt: skip
    if option.name == "format" and ENDING.get(text or "") in option.choices:
        hint = f"did you mean {ENDING[text or '']!r}?"
    elif text == "json" and "jsonl" in option.choices:
        hint = "an object of JSON a line is jsonl"
    elif owners:
        listed = _listed(owners)
        hint = f"--{option.name} {text} belongs to {'gradcli ' if len(owners) == 1 else ''}{listed}"
    if option.kind == "order" and text and text.isdigit():
        hint = "a number at a point goes further: gradcli eval 'd(sin(x), x, 30)' x=1, up to 200"
    return GradError("usage", f"--{option.name} has to be {wanted}; {found} given", hint=hint)
