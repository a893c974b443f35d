"""Modular code for torch: an autograd.Function a primitive, and a module that composes them."""

from __future__ import annotations

from gradcli.codegen.flat.module import spelled
from gradcli.codegen.flat.sweep import is_finite
from gradcli.codegen.layout import STEP, bracketed, called, statement
from gradcli.codegen.modular.composition import GRAPH, Composition, items, remark, seed, sentence, unpacked
from gradcli.codegen.modular.gates import Spelling
from gradcli.codegen.modular.smooth import is_smooth
from gradcli.graph import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.modular.gates import Gate
    from gradcli.codegen.targets.base import Target

STYLE = "A torch.autograd.Function for each primitive, and a module that composes them."
MOST_CHECKED = 64  # numbers of the inputs, up to which the module checks its gradients
LARGEST_CHECKED = 3e4  # of what differences are taken


def module(subject: Subject, target: Target, comments: Mapping[int, str]) -> str:
    """The text of a module of functions of torch.autograd."""
    composition = Composition(
        subject, target, Spelling(kept="torch.unsqueeze({}, {})"), comments, passive=False, words=("ctx", "inputs")
    )
    gates = composition.gates.all
    for gate in gates:
        gate.name = composition.names.another(gate.name)
    blocks = [function(gate) for gate in gates]
    blocks += [graph_module(composition), main(composition)]
    target.use("torch")
    return composition.module(STYLE, blocks)


def function(gate: Gate) -> list[str]:
    """The autograd.Function of a gate."""
    inner = STEP * 2
    rows = [f"class {gate.name}(torch.autograd.Function):", *sentence(gate.says, STEP), ""]
    rows += [f"{STEP}@staticmethod", *called("def forward", ["ctx", *gate.operands], ":", STEP)]
    saved = [*[name for name in gate.saves if name != "y"], *["y"] * ("y" in gate.saves)]
    for name, text in gate.before:
        rows += statement(f"{name} = ", text, inner)
    if "y" in gate.saves:
        rows += statement("y = ", gate.forward, inner)
    if saved:
        rows += called("ctx.save_for_backward", saved, "", inner)
    rows += [f"{inner}return y"] if "y" in gate.saves else statement("return ", gate.forward, inner)
    rows += ["", f"{STEP}@staticmethod", f"{STEP}def backward(ctx, upstream):"]
    if saved:
        rows += unpacked(saved, "ctx.saved_tensors", inner)
    for name, text in gate.statements:
        rows += statement(f"{name} = ", text, inner)
    return [*rows, *items("return ", [flow[0] if flow else "None" for flow in gate.flows], inner, one="")]


def graph_module(composition: Composition) -> list[str]:
    """The module that composes the functions."""
    inner = STEP * 2
    rows = [f"class {GRAPH}(torch.nn.Module):", f'{STEP}"""The functions in the order of the graph."""', ""]
    rows += called("def forward", ["self", *composition.parameters], ":", STEP)
    between = set(intermediates(composition))
    for line in composition.written:
        if line in composition.comments:
            rows += remark(composition.comments[line], inner)
        rows += composed(composition, line, inner)
        if line in between:
            rows.append(f"{inner}{composition.text(line)}.{retained(composition, line)}()")
    if between:
        named = ", ".join(f'"{composition.text(line)}": {composition.text(line)}' for line in sorted(between))
        rows.append(f"{inner}self.lines = {{{named}}}")
    return [*rows, f"{inner}return {composition.text(composition.subject.result)}"]


def composed(composition: Composition, line: int, indent: str) -> list[str]:
    """The statement of a line: a function applied, or an operation through which no gradient goes."""
    graph, target = composition.graph, composition.target
    operands = graph.operands[line]
    head = f"{composition.text(line)} = "
    gate = composition.gates.of.get(line)
    if graph.primitives[line] is CONSTANT:
        static = graph.statics[line]
        text = spelled(target, static) if type(static) is float else target.literal(static)[0]
        return statement(head, (text, 6), indent)
    if gate is None:
        texts = [composition.texts[operand] for operand in operands]
        return statement(head, composition.gates.line(line, texts), indent)
    arguments = [
        spelled(target, graph.statics[operand])
        if composition.is_literal(operand) and type(graph.statics[operand]) is float
        else composition.text(operand)
        for operand in operands
    ]
    return called(f"{head}{gate.name}.apply", arguments, "", indent)


def intermediates(composition: Composition) -> list[int]:
    """The lines that are differentiated by and are no variables."""
    return [line for _, line in composition.sources() if line is not None and line in composition.written]


def retained(composition: Composition, line: int) -> str:
    """How a line in the middle keeps its gradient: as a leaf, where nothing before it has one."""
    operands = composition.graph.operands[line]
    active = composition.gates.active
    return "retain_grad" if any(active[operand] for operand in operands) else "requires_grad_"


def main(composition: Composition) -> list[str]:
    """What the module does as a program."""
    subject, target = composition.subject, composition.target
    if subject.point is None:
        return []
    sources = composition.sources()
    live = {name for name, _ in sources}
    rows = ['if __name__ == "__main__":', f"{STEP}point = {{"]
    for name, safe in zip(subject.variables, composition.parameters, strict=True):
        rows += bracketed(f'"{safe}": {leaf(target, subject.point[name], safe in live)}', STEP * 2, ",")
    rows = [*rows, f"{STEP}}}"] if rows[-1][-1] != "{" else [*rows[:-1], f"{STEP}point = {{}}"]
    rows += [f"{STEP}graph = {GRAPH}()", f"{STEP}value = graph(**point)"]
    if composition.reaches_any():
        start = seed(composition, "value.detach()")
        rows.append(f"{STEP}value.backward({'' if start == '1.0' else start})")
    rows.append(composition.printed("value.tolist()"))
    if sources:
        where = "(point | graph.lines)[name]" if intermediates(composition) else "point[name]"
        if composition.reaches_all():
            rows += composition.printed_gradients(f"{where}.grad.tolist()")
        else:
            before = [f"x = {where}", "gradient = torch.zeros_like(x) if x.grad is None else x.grad"]
            rows += composition.printed_gradients("gradient.tolist()", before)
    if is_checked(composition):
        rows += [f"{STEP}inputs = tuple(point.values())",
                 f"{STEP}assert torch.autograd.gradcheck(graph, inputs)",
                 f"{STEP}assert torch.autograd.gradgradcheck(graph, inputs)"]  # fmt: skip
    return rows


def leaf(target: Target, value: Any, live: bool) -> str:
    """The value of a variable as a tensor, which keeps its gradient where it is LIVE."""
    text = spelled(target, value)
    return f"{text[:-1]}, requires_grad=True)" if live else text


def is_checked(composition: Composition) -> bool:
    """Whether the gradients can be checked by differences at the point: smooth, small, and not cut by a name."""
    subject, gates = composition.subject, composition.gates
    assert subject.point is not None
    if not composition.reaches_any() or gates.values is None or intermediates(composition):
        return False
    sizes = [1 if type(value) is float else value.size for value in subject.point.values()]
    if sum(sizes) > MOST_CHECKED:
        return False
    values = [gates.values[line] for line in gates.lines]
    small = [is_finite(value) and bool((abs(value) < LARGEST_CHECKED) if type(value) is float
             else (abs(value) < LARGEST_CHECKED).all()) for value in values]  # fmt: skip
    return all(small) and is_smooth(subject, gates)
