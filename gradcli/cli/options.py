"""The commands and their options as rows of data; both doors are made of them."""

from __future__ import annotations

MOST_DIGITS = 17
MOST_ORDER = 20
UNITS = "KMGT"  # each 1024 times the one before
NUMBERED = "eval grad explain compare vjp jvp jacobian hessian hvp"  # the commands that compute something

COMMANDS = {
    "eval": "Compute the value of EXPR, and print nothing else.",
    "grad": "Compute the value of EXPR and its derivative by every variable.",
    "explain": "Show every value, local gradient and flow on the way. `gradcli EXPR` is the same.",
    "compare": "Compute EXPR in several ways, and count the digits that are right.",
    "vjp": "Multiply an upstream gradient with the Jacobian of EXPR, in one backward pass.",
    "jvp": "Say how the value of EXPR moves along a direction, in one forward pass.",
    "jacobian": "Show the Jacobian of EXPR, its pattern, and the product that takes its place.",
    "hessian": "Show the second derivatives of EXPR by every pair of names, and how it curves.",
    "hvp": "Say how the gradient of EXPR moves along a direction, without making the Hessian.",
    "diff": "Write the derivative of EXPR as a formula in its variables; no values are needed.",
    "code": "Write EXPR and its backward pass as code: straight lines, or gates with forward and backward.",
    "graph": "Draw EXPR as a circuit: values above the wires, gradients below.",
    "functions": "List every function and operator, or describe the one called NAME.",
    "batch": "Answer many programs, a line each: JSON Lines, text or CSV in, JSON Lines out.",
    "map": "Compute EXPR and its gradient for every row of a table.",
    "schema": "Print the JSON Schema of everything that --json prints.",
}


class Option:
    """One option: what follows it is its kind.

    flag: nothing · choice: one of `choices` · names: names separated by commas · digits: a number from 1 to 17 ·
    order: 0 to 20 · path: a file, or - for standard input · bytes: a number that may end in K, M, G or T ·
    point: NAME=VALUE,... · value: an expression without variables, or @FILE · count: a whole number from 1 on ·
    columns: names that may have indices, separated by commas · address: of a scheduler.
    An option with a SHORT form has it only behind the name of its command, or behind the expression where that is what
    a command writes about: elsewhere -o is minus o.
    """

    __slots__ = ("choices", "commands", "default", "help", "kind", "metavar", "name", "short")

    def __init__(
        self,
        name: str,
        kind: str,
        commands: str,
        help: str,
        *,
        choices: tuple[str, ...] = (),
        default: str | None = None,
        metavar: str = "",
        short: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.commands = frozenset(commands.split())
        self.help = help
        self.choices = choices
        self.default = choices[0] if choices and default is None else default
        self.metavar = metavar or "|".join(choices)
        self.short = short

    def accepts(self, text: str) -> bool:
        """Whether TEXT can follow the option."""
        if self.kind == "choice":
            return text in self.choices
        if self.kind == "digits":
            return text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_DIGITS
        if self.kind == "order":
            return text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_ORDER
        if self.kind == "bytes":
            number = text[:-1] if text[-1:].upper() in UNITS else text
            return number.isascii() and number.isdigit() and len(number) < 16 and int(number) > 0
        if self.kind == "count":
            return text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0
        return bool(text.strip(" ,"))

    def value(self, text: str) -> object:
        """What an accepted TEXT means."""
        if self.kind in ("digits", "order", "count"):
            return int(text)
        if self.kind == "bytes":
            unit = UNITS.find(text[-1].upper()) + 1
            return int(text[:-1] if unit else text) << 10 * unit
        if self.kind == "columns":
            return columns(text)
        if self.kind == "names":
            return [name.strip() for name in text.split(",") if name.strip()]
        return text


def columns(text: str) -> list[str]:
    """The names of columns in TEXT; a comma between brackets belongs to an index."""
    found = [""]
    for piece in text.split(","):
        inside = found[-1].count("[") > found[-1].count("]")
        found[-1:] = [f"{found[-1]},{piece}"] if inside else [found[-1], piece]
    return [name for name in map(str.strip, found) if name]


OPTIONS = (
    Option("json", "flag", f"{NUMBERED} diff code functions", "One line of JSON, the same as --format json."),
    Option("json", "flag", "batch map", "JSON Lines, the same as --format jsonl; a usage error is JSON as well."),
    Option("format", "choice", "eval grad vjp jvp hvp code functions", "What to print.", choices=("text", "json")),
    Option(
        "format", "choice", "explain",
        "What to print: a text, JSON, a part of a document, or a page to click through. Without it the name of "
        "--output says it.",
        choices=("text", "json", "markdown", "latex", "html"),
    ),
    Option(
        "format", "choice", "compare jacobian hessian",
        "What to print. Without it the name of --output says it.",
        choices=("text", "json", "markdown", "latex"),
    ),
    Option(
        "format", "choice", "graph",
        "What to draw. Without it the name of --output says it, and standard output gets svg.",
        choices=("svg", "png", "dot", "mmd", "html"),
    ),
    Option(
        "format", "choice", "diff", "What to print. Text reads back as the same function.",
        choices=("text", "json", "latex", "markdown"),
    ),
    Option(
        "format", "choice", "batch", "What to print: an object a line, or for people csv or a table.",
        choices=("jsonl", "csv", "table"),
    ),
    Option(
        "format", "choice", "map",
        "What to write. Without it the name of --output says it, and standard output gets csv.",
        choices=("csv", "tsv", "jsonl", "npy", "npz", "parquet"),
    ),
    Option(
        "style", "choice", "code",
        "flat: one operation a line. modular: a class for each gate, with forward and backward, and a graph of them.",
        choices=("flat", "modular"),
    ),
    Option(
        "target", "choice", "code", "What the code is written for.", choices=("python", "numpy", "torch", "jax", "c")
    ),
    Option(
        "optimised", "flag", "code",
        "Write the tidied graph of the gradient instead, in which nothing is computed twice.",
    ),
    Option("local", "flag", "graph", "Write the local gradients too, where a wire enters its operation."),
    Option("expand", "flag", "graph", "Open the boxes of recognised forms, such as a spelled-out sigmoid."),
    Option("view", "choice", "explain", "How to draw it.", choices=("table", "tree", "ledger")),
    Option("by", "choice", "compare", "What to compare.", choices=("decomposition", "mode", "engine", "order")),
    Option(
        "wrt", "names", "grad explain compare vjp jacobian hessian hvp diff code graph batch map",
        "Differentiate by these names only.", metavar="x,y",
    ),
    Option(
        "decomposition", "choice",
        "eval grad explain vjp jvp jacobian compare hessian hvp diff code graph batch map",
        "typed: as written. naive: down to + - * / ^ exp log sqrt. sigmoid: spelled-out forms become one function. "
        "auto: those that lose no digits by it.",
        choices=("auto", "typed", "naive", "sigmoid"),
    ),
    Option(
        "mode", "choice", "grad explain jacobian graph batch",
        "The way of the chain rule: reverse carries numbers back, forward carries tangents ahead, adjoint adds the "
        "lines of the gradient to the graph. Without it jacobian takes the one with fewer passes, all others reverse.",
        choices=("reverse", "forward", "adjoint"),
    ),
    Option(
        "mode", "choice", "hvp",
        "Push the direction forward through a backward pass, or go back through the lines of the gradient.",
        choices=("forward-over-reverse", "reverse-over-reverse"),
    ),
    Option(
        "along", "point", "jvp hvp", "The direction: how much each name moves; the others stand still.",
        metavar="x=1,W=ones(2,3)",
    ),
    Option(
        "upstream", "value", "vjp jacobian explain",
        "The upstream gradient, in the shape of the value: an expression without variables, or @FILE. For a scalar it "
        "is 1 where it is left out. In explain it belongs to --element X[0,0].",
        metavar="ones(2,3)",
    ),
    Option(
        "ties", "choice", "grad explain compare vjp jvp jacobian hessian hvp graph batch",
        "At a tie in max, min or clip: share the gradient, give it to the first, or refuse.",
        choices=("split", "first", "error"),
    ),
    Option(
        "ties", "choice", "diff code map", "At a tie in max, min or clip: share the gradient, or give it to the first.",
        choices=("split", "first"),
    ),
    Option(
        "zero", "choice", "grad explain compare vjp jvp jacobian hessian hvp code graph batch",
        "In the flows of gradients, 0 times inf is nan (ieee) or 0 (strong).",
        choices=("ieee", "strong"),
    ),
    Option(
        "digits", "digits", NUMBERED,
        "Significant digits, 1 to 17. Without it, explain, compare, jacobian and hessian show 6; the others print the "
        "shortest text that reads back as the same number. JSON is always exact.",
        metavar="N",
    ),
    Option(
        "digits", "digits", "graph", "Significant digits. Without it, 6; more where an equation needs them.",
        metavar="N",
    ),
    Option(
        "digits", "digits", "batch map",
        "Significant digits in a table. Without it, 6; files and JSON are always exact.", metavar="N",
    ),
    Option(
        "full", "flag", "explain jacobian hessian compare graph",
        "Show every line, or every entry, however many. Without it a view folds a large graph, --json stops at 20,000 "
        "lines, and a Jacobian or a Hessian at 1,000,000 entries.",
    ),
    Option(
        "order", "order", "diff", "How many times to differentiate by each name, 0 to 20; 0 tidies EXPR.", default="1",
        metavar="N",
    ),
    Option(
        "order", "order", "compare", "With --by order, the last order, 0 to 20. Without it, 5.", default="5",
        metavar="N",
    ),
    Option(
        "order", "order", "batch",
        "0: the value. 1: the gradients too. 2: the second derivatives too. From 3 on also the derivatives by each "
        "name up to this order, at most 20.",
        default="1", metavar="N",
    ),
    Option(
        "mixed", "flag", "diff",
        "Differentiate by the names of --wrt one after the other: --wrt x,y --mixed is the mixed second derivative.",
    ),
    Option(
        "simplify", "flag", "diff",
        "Take steps that change where the formula has a value, such as x/x to 1, and say each on standard error.",
    ),
    Option("sparsity", "flag", "hessian", "Show which entries can be other than 0, instead of the numbers."),
    Option(
        "log", "flag", "compare",
        "With --by engine, print the log of optimising: the count after each pass, and the lines that went.",
    ),
    Option(
        "element", "element", "explain",
        "Derive the gradient by one element step by step: what it reaches, how strongly, what comes down, the sum.",
        metavar="X[0,0]",
    ),
    Option(
        "shapes", "flag", "explain",
        "For every matrix product, list the ways to multiply, what fits, and why the gradient is what it is.",
    ),
    Option(
        "example", "example", f"{NUMBERED} diff code graph",
        "Give names without a value small whole numbers, in these shapes; shapes left out follow from the others. "
        "auto: choose every shape.",
        metavar="X:2x3,W:3x4,c",
    ),
    Option(
        "max-memory", "bytes", f"{NUMBERED} diff code graph batch",
        "How many bytes the values of arrays may take, predicted before any is made.", default="1G", metavar="BYTES",
    ),
    Option(
        "file", "path", f"{NUMBERED} diff code graph", "Read the program from a file instead of EXPR.",
        metavar="program.expr",
    ),
    Option(
        "at", "path", f"{NUMBERED} diff code graph", "Read values from a JSON object; NAME=VALUE wins over it.",
        metavar="point.json",
    ),
    Option("at", "point", "batch", "Values for every line; those of the line win.", metavar="x=3,W=ones(2,3)"),
    Option(
        "output", "path", "batch map",
        "Write to this file. A crash leaves whole lines or rows, and --resume goes on. A folder, DIR/, gets one file "
        "for each that is read.",
        metavar="FILE", short="-o",
    ),
    Option(
        "output", "path", "explain compare jacobian hessian diff code graph",
        "Write to this file; its name says the format: .svg .png .dot .mmd .html .md .tex .json.",
        metavar="FILE", short="-o",
    ),
    Option("resume", "flag", "batch map", "Go on where an earlier run into --output was cut off."),
    Option("fail-fast", "flag", "batch", "Stop at the first line that fails."),
    Option(
        "head", "count", "map", "Show the first rows as a table, and stop; --output or --format writes them as data.",
        metavar="ROWS",
    ),
    Option(
        "bad-rows", "choice", "map",
        "A row with a missing or bad cell: stop there, leave the row out, or write nan for it.",
        choices=("fail", "skip", "nan"),
    ),
    Option(
        "columns", "columns", "map", "The names of the columns, where the data have none.", metavar="x,y[0],y[1]"
    ),
    Option(
        "kernel", "choice", "map",
        "What computes the rows: numpy, or a loop in C made by the compiler of this machine. auto: C where there is a "
        "compiler and the rows are many.",
        choices=("auto", "numpy", "c"),
    ),
    Option("fast-math", "flag", "map", "Let the C compiler reorder sums and ignore nan and inf."),
    Option(
        "jobs", "count", "batch map",
        "How many processes compute. Without it, as many as there are cores when the work is large.", metavar="N",
    ),
    Option(
        "engine", "choice", "batch map", "What runs the work: processes of this machine, or a dask cluster.",
        choices=("processes", "dask"),
    ),
    Option(
        "scheduler", "address", "batch map",
        "The dask scheduler to use. Without it, --engine dask starts a cluster on this machine.",
        metavar="tcp://HOST:PORT",
    ),
    Option("quiet", "flag", "batch map", "No progress and no summary on standard error."),
)  # fmt: skip

MANY = ("batch", "map")  # whose words are files
WRITERS = ("explain", "compare", "jacobian", "hessian", "diff")  # that have -o only behind the expression
ONCE = ("at", "wrt", "output")  # that those commands take once: the first of two would go unnoticed

BY_FLAG = {f"--{option.name}": option for option in reversed(OPTIONS)}  # of two of one name the first
SHORT = {option.short: option.name for option in OPTIONS if option.short}
DEFAULTS = {name[2:]: None if option.default is None else option.value(option.default)
            for name, option in BY_FLAG.items()}  # fmt: skip

OWN_DEFAULTS = {(command, option.name): None if option.default is None else option.value(option.default)
                for option in reversed(OPTIONS) if BY_FLAG[f"--{option.name}"] is not option
                for command in option.commands}  # fmt: skip


def option_of(command: str, flag: str) -> Option | None:
    """What a flag is to a command: it may have other choices there."""
    own = (option for option in OPTIONS if command in option.commands and f"--{option.name}" == flag)
    return next(own, BY_FLAG.get(flag))


def options_of(command: str) -> list[Option]:
    """The options of a command, in order."""
    return [option for option in OPTIONS if command in option.commands]
