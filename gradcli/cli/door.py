"""The other door: typer, for help, for completion, and for every error in options."""

from __future__ import annotations

import inspect
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from gradcli import __version__
from gradcli.cli.commands import answer, refuse
from gradcli.cli.options import BY_FLAG, COMMANDS, MANY, ONCE, Option, option_of, options_of
from gradcli.cli.quick import DEFAULT, Request, is_behind, looks_like_option, short_form
from gradcli.cli.refusals import given_twice, no_expression, not_accepted, unknown_option, usage
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELP = """Compute expressions and explain their derivatives.

\b
gradcli 'x*y + sin(x)' x=2 y=3          every step, the same as gradcli explain
gradcli grad 'x*y + sin(x)' x=2 y=3     the value and the gradients
gradcli eval 'sqrt(2)*pi'               the value and nothing else
"""
NOTES = """\b
An expression may begin with a minus sign: gradcli grad -x x=-1
EXPR - reads standard input; -- ends the options.
A word that is a command is one: for a variable called eval, name the command,
as in: gradcli grad eval eval=1
Exit codes: 0 done, 1 the work failed, 2 the input is wrong, 74 the output cannot
be written, 130 interrupted, 141 closed pipe, 143 terminated."""
EXAMPLES = {
    "batch": """\b
gradcli batch programs.txt                      an answer for every line
gradcli batch 'in/*.jsonl' -o out/              a file for each that is read
echo 'x^2 at x=3' | gradcli batch - --at y=2    FILE - is standard input

A FILE may be a pattern in quotes. A line of text is a program with its values,
as in: x*y at x=2, y=3""",
    "code": """\b
gradcli code 'x*y + sin(x)' x=2 y=3                 a program in Python
gradcli code 'x*y + sin(x)' --target c -o f.c       a function in C, without values
gradcli code '1/(1+exp(-x))' --style modular        a class for each gate

Without values the code has the function alone; with them it is a program that
prints the numbers.""",
    "graph": """\b
gradcli graph 'x*y + max(x, y)' x=2 y=3 -o circuit.svg
gradcli graph 'x*y + max(x, y)' x=2 y=3 -o page.html    a page to click through
gradcli graph 'x*y' x=2 y=3 --format dot | dot -Tpdf -o circuit.pdf""",
    "map": """\b
gradcli map 'x*y' data.csv -o out.csv           the columns x and y of data.csv
gradcli map 'a*x^2' data.csv a=3 --head 5       a is 3 in every row

DATA is a table whose columns are called as the variables of EXPR, a pattern of
tables in quotes, or - for standard input. NAME=VALUE holds for every row.""",
}
WORDS = {
    "functions": ["[NAME]"], "schema": [], "batch": ["FILE..."], "map": ["EXPR", "DATA...", "[NAME=VALUE]..."],
}  # fmt: skip
OWN = frozenset(("--help", "--version", "--install-completion", "--show-completion"))


def enter(argv: Sequence[str]) -> int:
    """Run a command line through typer and say its exit code."""
    as_json = any(word == "--json" or word == "--format=json" for word in argv) or "--format json" in " ".join(argv)
    printed = StringIO()
    try:
        with redirect_stdout(printed):  # typer has a way of its own with closed pipes
            found = typer.main.get_command(app()).main(args=list(argv), prog_name="gradcli", standalone_mode=False)
    except GradError as error:
        return refuse(error, as_json=as_json)
    except typer.TyperException as error:  # what typer finds wrong by itself
        return refuse(usage(str(getattr(error, "message", error))), as_json=as_json)
    except SystemExit as left:  # completion is done
        found = left.code
    sys.stdout.write(printed.getvalue())
    if isinstance(found, Request):
        return answer(found)
    return found if isinstance(found, int) else 0


def app() -> typer.Typer:
    """The application: every command made of its rows."""
    made = typer.Typer(
        cls=Commands, help=HELP, epilog=NOTES, rich_markup_mode=None, pretty_exceptions_enable=False,
        subcommand_metavar="[COMMAND] EXPR [NAME=VALUE]...", options_metavar="", invoke_without_command=True,
    )  # fmt: skip
    made.callback()(_common)
    for name, help in COMMANDS.items():
        whole = f"{help}\n\n{EXAMPLES[name]}" if name in EXAMPLES else help
        made.command(name, cls=Command, help=whole, epilog=NOTES if name == DEFAULT else None)(command(name))
    return made


def _common(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"gradcli {__version__}")
        raise typer.Exit


def command(name: str) -> Callable[..., Request]:
    """The function that typer calls for a command; its signature is made of the rows of its options."""

    def run(words: list[str] | None = None, **given: Any) -> Request:
        rows = {BY_FLAG[f"--{name.replace('_', '-')}"]: text for name, text in given.items()}
        chosen = {option.name: option.value(text) if text is not True else True
                  for option, text in rows.items() if text not in (None, False)}  # fmt: skip
        return Request(name, list(words or ()), chosen)

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_words(), *map(_parameter, options_of(name))]
    )
    return run


def _words() -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(
        "words", kind, default=None, annotation=Annotated[list[str] | None, typer.Argument(hidden=True)]
    )


def _parameter(option: Option) -> inspect.Parameter:
    kind, name = inspect.Parameter.KEYWORD_ONLY, option.name.replace("-", "_")
    told = option.default is None or "Without it" in option.help
    help = option.help if told else f"{option.help} [default: {option.default}]"
    flags = [f"--{option.name}", *([option.short] if option.short else [])]
    if option.kind == "flag":
        shown = typer.Option(*flags, help=help, show_default=False)
        return inspect.Parameter(name, kind, default=False, annotation=Annotated[bool, shown])
    shown = typer.Option(
        *flags, help=help, metavar=option.metavar, show_default=False, autocompletion=_completion(option)
    )
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[str | None, shown])


def _completion(option: Option) -> Callable[[str], list[str]] | None:
    if option.kind == "path":
        return None

    def choices(incomplete: str) -> list[str]:
        return [choice for choice in option.choices if choice.startswith(incomplete)]

    return choices


class Commands(TyperGroup):
    """The group whose command may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command first and the words of expressions last, after `--`."""
        if ctx.resilient_parsing or (args and args[0].partition("=")[0] in OWN):
            return super().parse_args(ctx, args)
        if not args:
            raise no_expression()
        return super().parse_args(ctx, arranged(args))


class Command(TyperCommand):
    """A command that shows its words as they are to be written."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands after the name of the command in its first line of help."""
        return ["[OPTIONS]", *WORDS.get(self.name or "", ["EXPR", "[NAME=VALUE]..."])]


def arranged(args: Sequence[str]) -> list[str]:
    """The command, its options one by one, `--`, then everything else; complains of options that do not fit."""
    words: list[str] = []
    flags: list[tuple[str, Option | None, str | None]] = []
    before: int | None = None
    rest = iter(args)
    for word in rest:
        name, equals, text = word.partition("=")
        option = BY_FLAG.get(name)
        if option is None and word[:1] == "-":
            option, joined, rest_of_word = short_form(word, words)
            if option is not None:
                equals, text = joined, rest_of_word
        if word == "--":
            before = len(words)
            words += rest
        elif word == "--help" or (word == "-h" and words[1:] and is_behind(words)):
            flags.append(("--help", None, None))
        elif option is None and (word == "-h" or not looks_like_option(word, words)):
            words.append(word)
        elif option is None or option.kind == "flag":
            flags.append((word, option, text if equals else None))
        else:
            flags.append((word, option, text if equals else next(rest, None)))
    named = bool(words) and words[0] in COMMANDS and before != 0
    command = words.pop(0) if named else DEFAULT
    if words == ["-h"]:
        return [command, "--help"] if named else ["--help"]
    if command in MANY and all(flag[0] != "--help" for flag in flags):
        refuse_twice(flags)
    return [command, *(text for flag in flags for text in fitting(command, *flag)), "--", *words]


def refuse_twice(flags: Sequence[tuple[str, Option | None, str | None]]) -> None:
    """Raise GradError where an option that can be given once is given twice."""
    for name in ONCE:
        texts = [text or "" for _, option, text in flags if option is not None and option.name == name]
        if len(texts) > 1:
            raise given_twice(name, texts)


def fitting(command: str, word: str, option: Option | None, text: str | None) -> list[str]:
    """An option as typer is to read it, if the command has it and its value fits."""
    if word == "--help":
        return [word]
    option = option and option_of(command, f"--{option.name}")
    if option is None or command not in option.commands:
        raise unknown_option(f"{word}={text}" if text and "=" not in word else word, command)
    if option.kind == "flag":
        if text is not None:
            raise not_accepted(option, text)
        return [word]
    if text is None or not option.accepts(text):
        raise not_accepted(option, text)
    return [f"--{option.name}={text}"]
