"""Modular code for python and numpy, as in a lecture: a class a gate, and a computational graph that runs them."""

from __future__ import annotations

from gradcli.codegen.flat.module import printed, spelled
from gradcli.codegen.layout import STEP, WIDTH, bracketed, called, statement
from gradcli.codegen.modular.composition import GRAPH, Composition, items, remark, seed, sentence
from gradcli.codegen.modular.gates import Spelling
from gradcli.graph import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.modular.gates import Gate
    from gradcli.codegen.targets.base import Target

STYLE = "A class for each gate, with forward() and backward(), and a graph that runs them."
FORWARD = '''
    def forward(self, **inputs):
        """The value of every line, in order; that of the result."""
        self.values = {{**inputs{constants}}}
        for name, gate, operands in self.gates:
            self.values[name] = gate.forward(*map(self.number, operands))
        return self.values["{result}"]

    def number(self, operand):
        """The value of a line by its name; a number is itself."""
        return self.values[operand] if isinstance(operand, str) else operand
'''
BACKWARD = '''
    def backward(self):
        """The gradient of every line that one arrives at, from the last line up."""
{before}        self.gradients = {{"{result}": {start}}}
        for name, gate, operands in reversed(self.gates):
            if name in self.gradients:
                flows = gate.backward(self.gradients[name])
                for operand, flow in zip(operands, flows):
                    self.add(operand, flow)
        return self.gradients

    def add(self, operand, flow):
        """One more flow arrives: copies add."""
        if flow is not None and isinstance(operand, str):
            before = self.gradients.get(operand)
            self.gradients[operand] = flow if before is None else before + flow
'''


def module(subject: Subject, target: Target, comments: Mapping[int, str]) -> str:
    """The text of a module of classes."""
    shape = "np.shape({})" if target.name == "numpy" else "{}.shape"
    spelling = Spelling("self.{}", shape, "np.expand_dims({}, {})")
    composition = Composition(subject, target, spelling, comments, passive=True)
    gates = composition.gates.all
    for gate in gates:
        gate.name = composition.names.another(gate.name)
    blocks = [gate_class(gate) for gate in gates]
    blocks += [graph_class(composition), main(composition)]
    return composition.module(STYLE, blocks)


def gate_class(gate: Gate) -> list[str]:
    """The class of a gate."""
    rows = [f"class {gate.name}:", *sentence(gate.says, STEP), ""]
    rows += called("def forward", ["self", *gate.operands], ":", STEP)
    saved = [name for name in gate.saves if name != "y"]
    inner = STEP * 2
    row = f"{inner}{', '.join(f'self.{name}' for name in saved)} = {', '.join(saved)}"
    if saved:
        rows += [row] if len(row) <= WIDTH else [f"{inner}self.{name} = {name}" for name in saved]
    for name, text in gate.before:
        rows += statement(f"{name} = ", text, inner)
    if "y" in gate.saves:
        rows += [*statement("self.y = ", gate.forward, inner), f"{inner}return self.y"]
    else:
        rows += statement("return ", gate.forward, inner)
    rows += ["", f"{STEP}def backward(self, upstream):"]
    for name, text in gate.statements:
        rows += statement(f"{name} = ", text, inner)
    return [*rows, *items("return ", [flow[0] if flow else "None" for flow in gate.flows], inner)]


def graph_class(composition: Composition) -> list[str]:
    """The class that runs the gates."""
    graph = composition.graph
    rows = [f"class {GRAPH}:", f'{STEP}"""The gates in order: what they write, and what they read."""', ""]
    rows += [f"{STEP}def __init__(self):", f"{STEP * 2}self.gates = ["]
    constants = []
    for line in composition.written:
        name = composition.text(line)
        if graph.primitives[line] is CONSTANT:
            constants.append(f'"{name}": {composition.target.literal(graph.statics[line])[0]}')
            continue
        if line in composition.comments:
            rows += remark(composition.comments[line], STEP * 3)
        rows += entry(composition, line, name)
    rows.append(f"{STEP * 2}]") if rows[-1][-1] != "[" else rows.__setitem__(-1, f"{STEP * 2}self.gates = []")
    more = "".join(f", {constant}" for constant in constants)
    result = composition.text(composition.subject.result)
    start = seed(composition, "value")
    is_nan = composition.gates.is_nan(composition.subject.result)
    before = f'{STEP * 2}value = self.values["{result}"]\n' if is_nan else ""
    rows += FORWARD.format(constants=more, result=result).rstrip("\n").split("\n")
    return [*rows, *BACKWARD.format(result=result, start=start, before=before).rstrip("\n").split("\n")]


def entry(composition: Composition, line: int, name: str) -> list[str]:
    """One gate with the name that it writes and the names that it reads."""
    graph = composition.graph
    indent = STEP * 3
    operands = [
        composition.text(operand) if composition.is_literal(operand) else f'"{composition.text(operand)}"'
        for operand in graph.operands[line]
    ]
    gate = composition.gates.of[line]
    made = f"{gate.name}()"
    comma = "," if len(operands) == 1 else ""
    listed = f"({', '.join(operands)}{comma})"
    return bracketed(f'("{name}", {made}, {listed})', indent, ",")


def main(composition: Composition) -> list[str]:
    """What the module does as a program."""
    subject, target = composition.subject, composition.target
    if subject.point is None:
        return []
    rows = ['if __name__ == "__main__":', f"{STEP}graph = {GRAPH}()"]
    given = [
        f"{safe}={spelled(target, subject.point[name])}"
        for name, safe in zip(subject.variables, composition.parameters, strict=True)
    ]
    rows += called("value = graph.forward", given, "", STEP)
    rows_of_value = composition.printed(printed(target, "value"))
    if not composition.sources():
        return [*rows, rows_of_value]
    rows += [f"{STEP}gradients = graph.backward()", rows_of_value]
    if composition.reaches_all():
        return [*rows, *composition.printed_gradients(printed(target, "gradients[name]"))]
    zero = "0.0" if composition.graph.shapes is None else "0.0 * graph.number(name)"
    before = [f"gradient = gradients.get(name, {zero})"]
    return [*rows, *composition.printed_gradients(printed(target, "gradient"), before)]
