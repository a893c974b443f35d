"""The build step: lark makes the LALR tables of grammar/expression.lark, and this writes them to tables.py.

Three things are done to lark's table, none of which changes what is accepted or where an error is seen:
unit reductions (`?sum: product`) are taken out, so the row after a reduction depends on the left side *and* the
place under it; a symbol after a rule or an operand is not pushed, so only operators and brackets are; and a closing
bracket is shifted and reduced in one step.
"""

from __future__ import annotations

import gradcli.language as driver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lark import Lark
    from lark.grammar import Rule

    State = dict[str, tuple[object, object]]
    Step = tuple[int, int, object]

COMMAND = "python -m gradcli.language.freeze"
SPELLINGS = "+ - * / @ ^ < <= > >= == != .T ( ) [ ] , : = at".split()  # noqa: SIM905
CODES = {"binary": "BINARY", "prefix": "PREFIX", "call": "CALL", "index": "INDEX", "array": "ARRAY",
         "transposed": "TRANSPOSED", "slice": "SLICE", "value": "VALUE", "target": "TARGET", "definition": "DEFINE",
         "subject": "SUBJECT", "setting": "SETTING", "query": "QUERY", "group": "GROUP", "blank": "BLANK"}  # fmt: skip
NOWHERE = 255
NO_OPERAND = (driver.OPERAND, NOWHERE, None)
CLOSING = ("call", "index", "array", "transposed", "group")


def grammar_text(name: str = "expression.lark") -> str:
    """The grammar, from the wheel (gradcli/grammar) or from the checkout (grammar beside gradcli)."""
    from importlib import resources
    from pathlib import Path

    import gradcli

    for place in (resources.files("gradcli") / "grammar", Path(str(gradcli.__file__)).resolve().parents[1] / "grammar"):
        if (file := place / name).is_file():
            return file.read_text("utf-8")
    raise FileNotFoundError(name)


def lark_parser() -> Lark:
    """lark on the grammar: LALR without a conflict, or an exception."""
    from lark import Lark

    return Lark(grammar_text(), parser="lalr", lexer="basic", strict=True, maybe_placeholders=False)


def frozen(parser: Lark) -> str:
    """The text of tables.py; equal grammars give equal text."""
    table = Table(parser)
    rows, following = table.rows()
    steps = sorted({step for row in rows for step in row}, key=lambda step: (step[0], step[1], repr(step[2])))
    number = {step: at for at, step in enumerate(steps)}
    lines = [f"# Generated from grammar/expression.lark by `{COMMAND}`; do not edit.",
             "# ruff: noqa: E501", "# fmt: off",
             '"""The LALR tables of the language, made by lark at build time."""', "",
             f"KINDS = {kinds(parser, table.terminals)!r}",
             "STEPS = (", *(f"    {step!r}," for step in steps), ")",
             "ROWS = (", *(f"    {bytes(number[step] for step in row)!r}," for row in rows), ")",
             "NEXT = (", *(f"    {bytes(row)!r}," for row in following), ")"]  # fmt: skip
    return "\n".join(lines) + "\n"


def kinds(parser: Lark, terminals: list[str]) -> dict[str, int]:
    """Which terminal each fixed word is; a newline and the end have words of their own."""
    from re import fullmatch

    found = {"": terminals.index("$END"), ";": terminals.index("NEWLINE"), driver.NEWLINE: terminals.index("NEWLINE")}
    for word in SPELLINGS:
        fitting = [t.name for t in parser.terminals if t.name != "NAME" and fullmatch(t.pattern.to_regexp(), word)]
        found[word] = terminals.index(fitting[0])
    return found


class Table:
    """lark's table, read in an order that does not depend on lark's own numbering."""

    def __init__(self, parser: Lark) -> None:
        table = parser.parser.parser._parse_table
        self.states: dict[object, State] = table.states
        self.end = table.end_states["start"]
        self.terminals = sorted(
            {"$END", *(t.name for t in parser.terminals if not t.name.startswith("__"))},
            key=lambda name: (name != "NUMBER", name != "NAME", name),  # the columns are the codes of these two items
        )
        self.sides = sorted({str(rule.origin.name) for rule in parser.rules})
        self.places: list[object] = [table.start_states["start"]]  # states after an operator or an opening bracket
        self.known: dict[tuple[Step, ...], int] = {}

    def rows(self) -> tuple[list[tuple[Step, ...]], list[list[int]]]:
        """Every distinct row of steps, and for each place its own row and the row after each left side."""
        following = []
        for place in self.places:  # grows on the way
            following.append(
                [self.row(place, self.states[place]), *(self.row_after(place, side) for side in self.sides)]
            )
        return list(self.known), following

    def row_after(self, place: object, symbol: str) -> int:
        """The number of the row that holds once `symbol` stands on `place`; NOWHERE if it cannot."""
        if symbol not in self.states[place]:
            return NOWHERE
        after = self.states[self.states[place][symbol][1]]
        return self.row(place, after, symbol)

    def row(self, place: object, state: State, symbol: str = "") -> int:
        """The number of a row: a step for each terminal, and one for a word that is none."""
        row = [self.step(place, state, terminal, symbol) for terminal in self.terminals]
        row.append(NO_OPERAND)
        return self.number(tuple(row))

    def number(self, row: tuple[Step, ...]) -> int:
        return self.known.setdefault(row, len(self.known))

    def step(self, place: object, state: State, terminal: str, symbol: str = "") -> Step:
        """What the driver does in `state` on `terminal`, unit reductions passed through."""
        while terminal in state:
            action, goal = state[terminal]
            if str(action) == "Reduce":
                rule: Rule = goal  # type: ignore[assignment]
                if (code := reduction(rule)) is not None:
                    return code, self.side(rule), argument(rule)
                symbol = str(rule.origin.name)
                state = self.states[self.states[place][symbol][1]]
            elif goal == self.end:
                return driver.ACCEPT, 0, None
            elif terminal in ("NAME", "NUMBER"):
                return driver.OPERAND, self.row_after(place, terminal), None
            else:
                return self.shift(goal, symbol)
        if terminal == "$END" and state is self.states[self.end]:
            return driver.ACCEPT, 0, None
        return NO_OPERAND if terminal in ("NAME", "NUMBER") else (driver.ERROR, 0, None)

    def shift(self, goal: object, symbol: str) -> Step:
        closed = {rule for action, rule in self.states[goal].values() if str(action) == "Reduce"}
        if len(closed) == 1 and (rule := closed.pop()).alias in CLOSING:  # type: ignore[attr-defined]
            return reduction(rule), self.side(rule), argument(rule)  # type: ignore[arg-type,return-value]
        if goal not in self.places:
            self.places.append(goal)
        return driver.OPEN if symbol == "NAME" else driver.SHIFT, self.places.index(goal), None

    def side(self, rule: Rule) -> int:
        return 1 + self.sides.index(str(rule.origin.name))


def reduction(rule: Rule) -> int | None:
    """The driver's code for a rule; None for a unit reduction that writes nothing."""
    name = str(rule.alias or rule.origin.name)
    if name in CODES:
        return int(getattr(driver, CODES[name]))
    if len(rule.expansion) == 1:
        return driver.FIRST if name == "settings" else None
    if name == "lines":
        return driver.JOIN
    return driver.MORE if rule.expansion[0].name == name else driver.PAIR


def argument(rule: Rule) -> object:
    """What a reduction knows from its rule: how many, unless a list counted; which ends of a slice are there."""
    symbols = [symbol.name for symbol in rule.expansion]
    if rule.alias == "slice":
        return symbols[0] != "COLON", symbols[-1] != "COLON"
    if rule.alias in ("call", "array", "index") and not {"arguments", "slots"} & set(symbols):
        return sum(name in ("expression", "slot") for name in symbols)
    return None


def main() -> None:
    """Write tables.py beside this file."""
    from pathlib import Path

    Path(__file__).with_name("tables.py").write_text(frozen(lark_parser()), "utf-8")


if __name__ == "__main__":
    main()
