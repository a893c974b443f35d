"""Modular code for jax: a custom_vjp function a primitive, and a function that composes them."""

from __future__ import annotations

from gradcli.codegen.flat.module import printed, spelled
from gradcli.codegen.layout import STEP, bracketed, called, statement
from gradcli.codegen.modular.class_names import snake
from gradcli.codegen.modular.composition import Composition, items, remark, seed, sentence, unpacked
from gradcli.codegen.modular.gates import Spelling
from gradcli.graph import CONSTANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradcli.codegen.flat.subject import Subject
    from gradcli.codegen.modular.gates import Gate
    from gradcli.codegen.targets.base import Target

STYLE = "A jax.custom_vjp function for each primitive, and a function that composes them."
GRAPH = "computational_graph"
NOTHING = "jnp.zeros_like({})"  # where no gradient goes: custom_vjp wants an array for each operand


def module(subject: Subject, target: Target, comments: Mapping[int, str]) -> str:
    """The text of a module of functions with a vector-Jacobian product of their own."""
    words = (GRAPH, "saved", "pull_back")
    spelling = Spelling(shape="jnp.shape({})", kept="jnp.expand_dims({}, {})")
    composition = Composition(subject, target, spelling, comments, passive=False, words=words)
    gates = composition.gates.all
    names = composition.names
    for gate in gates:
        name = snake(gate.name)
        gate.name = names.another(f"{name}_gate" if name in names.reserved else name)
        names.taken |= {f"{gate.name}_forward", f"{gate.name}_backward"}
    blocks = [block for gate in gates for block in function(gate)]
    blocks += [graph_function(composition), main(composition)]
    target.use("jax")
    return composition.module(STYLE, blocks)


def function(gate: Gate) -> list[list[str]]:
    """The function of a gate, what it saves on the way, what it carries back, and how they are joined."""
    rows = ["@jax.custom_vjp", *called(f"def {gate.name}", gate.operands, ":"), *sentence(gate.says, STEP)]
    before = [row for name, text in gate.before for row in statement(f"{name} = ", text, STEP)]
    rows += [*before, *statement("return ", gate.forward, STEP)]
    dead = [name for name, flow in zip(gate.operands, gate.flows, strict=True) if flow is None]
    saved = [name for name in gate.operands if name in gate.saves or name in dead] + ["y"] * ("y" in gate.saves)
    ahead = [*called(f"def {gate.name}_forward", gate.operands, ":"), *before]
    kept = f"({', '.join(saved)}{',' * (len(saved) == 1)})"
    if "y" in gate.saves:
        ahead += [*statement("y = ", gate.forward, STEP), *items("return ", ["y", kept], STEP, one="")]
    else:
        ahead += items("return ", [gate.forward[0], kept], STEP, one="")
    back = [f"def {gate.name}_backward(saved, upstream):"]
    if saved:
        back += unpacked(saved, "saved", STEP)
    for name, text in gate.statements:
        back += statement(f"{name} = ", text, STEP)
    flows = [flow[0] if flow else NOTHING.format(name) for flow, name in zip(gate.flows, gate.operands, strict=True)]
    back += items("return ", flows, STEP)
    joined = called(f"{gate.name}.defvjp", [f"{gate.name}_forward", f"{gate.name}_backward"])
    return [rows, ahead, [*back, "", "", *joined]]


def graph_function(composition: Composition) -> list[str]:
    """The function that composes them; a line in the middle that is differentiated by has a shift beside it."""
    shifts = [f"d_{composition.text(line)}=0.0" for line in intermediates(composition)]
    rows = called(f"def {GRAPH}", [*composition.parameters, *shifts], ":")
    rows.append(f'{STEP}"""The functions in the order of the graph."""')
    between = set(intermediates(composition))
    for line in composition.written:
        if line in composition.comments:
            rows += remark(composition.comments[line], STEP)
        rows += composed(composition, line)
        if line in between:
            name = composition.text(line)
            rows.append(f"{STEP}{name} = {name} + d_{name}")
    return [*rows, f"{STEP}return {composition.text(composition.subject.result)}"]


def composed(composition: Composition, line: int) -> list[str]:
    """The statement of a line: a function called, or an operation through which no gradient goes."""
    graph, target = composition.graph, composition.target
    operands, static = graph.operands[line], graph.statics[line]
    head = f"{composition.text(line)} = "
    gate = composition.gates.of.get(line)
    if graph.primitives[line] is CONSTANT:
        text = spelled(target, static) if type(static) is float else target.literal(static)[0]
        return statement(head, (text, 6), STEP)
    if gate is not None:
        return called(f"{head}{gate.name}", [composition.text(operand) for operand in operands], "", STEP)
    return statement(head, composition.gates.line(line, [composition.texts[operand] for operand in operands]), STEP)


def intermediates(composition: Composition) -> list[int]:
    """The lines that are differentiated by and are no variables."""
    return [line for _, line in composition.sources() if line is not None and line in composition.written]


def main(composition: Composition) -> list[str]:
    """What the module does as a program."""
    subject, target = composition.subject, composition.target
    if subject.point is None:
        return []
    rows = ['if __name__ == "__main__":', f"{STEP}point = {{"]
    for name, safe in zip(subject.variables, composition.parameters, strict=True):
        rows += bracketed(f'"{safe}": {spelled(target, subject.point[name])}', STEP * 2, ",")
    between = intermediates(composition)
    for line in between:
        rows += bracketed(f'"d_{composition.text(line)}": jnp.zeros({composition.gates.shape(line)})', STEP * 2, ",")
    target.use("jnp")
    rows = [*rows, f"{STEP}}}"] if rows[-1][-1] != "{" else [*rows[:-1], f"{STEP}point = {{}}"]
    rows.append(f"{STEP}value, pull_back = jax.vjp({GRAPH}, *point.values())")
    rows.append(composition.printed(printed(target, "value")))
    if not composition.sources():
        return rows
    start = seed(composition, "value")
    start = "jnp.ones_like(value)" if start == "1.0" else start
    rows.append(f"{STEP}gradients = dict(zip(point, pull_back({start})))")
    where = "name"
    if between:
        names = [f'"{composition.text(line)}": "d_{composition.text(line)}"' for line in between]
        rows += bracketed(f"{STEP}shifts = {{{', '.join(names)}}}"[len(STEP):], STEP)
        where = "shifts.get(name, name)"
    gradient = f"gradients[{where}].tolist()"
    if any(line is None and name not in composition.parameters for name, line in composition.sources()):
        gradient = f"gradients.get({where}, jnp.zeros(())).tolist()"
    return [*rows, *composition.printed_gradients(gradient)]
