"""Values and both sweeps over floats and numpy arrays: Jacobians stay implicit.

A flow through an elementwise line or a reduction multiplies by a local gradient, element by element, and is then fitted
to the shape of what it arrives at; a flow through a line that is carried has no local gradient, only a result.
"""

from __future__ import annotations

import numpy as np

from gradcli.autodiff import FEW, local_gradients, locals_of
from gradcli.autodiff.array_locals import array_locals
from gradcli.autodiff.masks import carried_ahead, carried_back, fitted, meet, through, whole
from gradcli.graph import CONSTANT, VARIABLE, Graph, Primitive
from gradcli.graph.arrays import apply, elementwise, fit, owned, quiet, shape_of, zeros
from gradcli.graph.carriers import read, trace_array_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.autodiff.masks import Open
    from gradcli.graph import Shape
    from gradcli.graph.arrays import Value
    from gradcli.graph.carriers import Trace

INF = float("inf")


def evaluate(
    graph: Graph,
    point: Mapping[str, Value],
    freed: Mapping[int, Sequence[int]] | None = None,
    reused: Mapping[int, int] | None = None,
) -> list[Value]:
    """The primal of every line, operands before their users. IEEE results, nothing raises or warns.

    FREED says after which line the values of which lines are read no more: their arrays are given back, and a stand-in
    keeps their shape. REUSED says which line writes its result over the array of which operand.
    """
    values: list[Value] = []
    go_on(graph, point, values, freed, reused)
    return values


def go_on(
    graph: Graph,
    point: Mapping[str, Value],
    values: list[Value],
    freed: Mapping[int, Sequence[int]] | None = None,
    reused: Mapping[int, int] | None = None,
) -> None:
    """Add the primals of the lines that VALUES does not hold yet."""
    reused = reused or {}
    start = len(values)
    columns = (graph.primitives, graph.operands, graph.statics, graph.names)
    with quiet():
        for index, (primitive, operands, static, name) in enumerate(
            zip(*[column[start:] for column in columns], strict=True), start
        ):
            if primitive is VARIABLE:
                values.append(point[name or ""])
            elif primitive is CONSTANT:
                values.append(static if type(static) is float else static.value)
            elif len(operands) == 2 and primitive.kind == "elementwise":
                a, b = values[operands[0]], values[operands[1]]
                forward = primitive.forward if type(a) is float is type(b) else elementwise(primitive)
                values.append(forward(a, b, values[reused[index]]) if index in reused else forward(a, b))
            elif len(operands) == 1 and primitive.kind == "elementwise" and not primitive.static:
                (a,) = operands
                forward = primitive.forward if type(values[a]) is float else elementwise(primitive)
                values.append(forward(values[a]))
            else:
                values.append(apply(primitive, static, [values[operand] for operand in operands]))
            if freed and index in freed:
                for line in freed[index]:
                    values[line] = stand_in(values[line])


def stand_in(value: Value) -> Value:
    """An array in the shape of VALUE that holds no memory; a float stays."""
    return value if type(value) is float else np.broadcast_to(np.nan, value.shape)  # type: ignore[union-attr]


class ArrayFlow:
    """The gradient of one edge on its way.

    `local` is None where the line is carried: `downstream` is then what its rule made of the upstream. `open` says
    which elements no closed gate cut off, None is all of them.
    """

    __slots__ = ("_local", "downstream", "open", "slot", "source", "target", "upstream")

    def __init__(
        self, source: int, target: int, slot: int, upstream: Value, local: Value | None, downstream: Value, open: Open
    ) -> None:
        self.source = source
        self.target = target
        self.slot = slot
        self.upstream = upstream
        self._local: Any = local
        self.downstream = downstream
        self.open = open

    @property
    def local(self) -> Value | None:
        """The local gradient, element by element; None where the line is carried."""
        found: Value | None = self._local
        return found if found is None or type(found) is float else np.asarray(found, dtype=float)

    @property
    def share(self) -> Any:
        """The share of a gate as it was computed, which is bools where it is all or nothing."""
        return self._local

    @property
    def closed(self) -> bool:
        """Whether gates cut off every element."""
        return self.open is not None and not self.open.any()


class ArraySweep:
    """What a sweep leaves beside every line: a number or an array (None where nothing arrived), and what is open."""

    __slots__ = ("numbers", "open")

    def __init__(self, length: int) -> None:
        self.numbers: list[Value | None] = [None] * length
        self.open: list[Open] = [None] * length

    def add(self, index: int, more: Value, open: Open) -> None:
        """One more flow arrives at a line."""
        before = self.numbers[index]
        if before is None:
            self.numbers[index], self.open[index] = more, open
        else:
            self.numbers[index] = before + more
            self.open[index] = meet(self.open[index], open)


def seed_of(value: Value) -> Value:
    """1 for every element, and nan where it is nan."""
    if type(value) is float:
        return 1.0 if value == value else value
    return np.where(np.isnan(value), value, 1.0)


def pull_back(
    graph: Graph,
    values: list[Value],
    result: int,
    active: Sequence[bool],
    *,
    upstream: Value | None = None,
    open: Open = None,
    strong_zero: bool = False,
    flows: list[ArrayFlow] | None = None,
    keep: Sequence[int] | None = None,
    frees: bool = False,
) -> ArraySweep:
    """The adjoint of every ACTIVE line that RESULT is computed from, from UPSTREAM (in the shape of RESULT) down.

    Without UPSTREAM it starts from `seed_of` the result; OPEN says which elements of it are meant, None is all. FLOWS,
    where given, receives every flow in the order of the sweep. With KEEP only the adjoints of those lines are left, and
    all others are given back on the way; with FREES the VALUES are, too. The adjoints of leaves and of what is kept are
    arrays of their own, which a caller may change.
    """
    sweep = ArraySweep(len(graph))
    if not active[result]:
        return sweep
    seed = seed_of(values[result]) if upstream is None else upstream
    if open is not None:
        seed = _as_number(np.where(open, seed, 0.0))
    sweep.numbers[result] = _lost_where_nan(seed, values[result], open)
    sweep.open[result] = open
    _sweep_back(sweep, graph, values, result, active, strong_zero=strong_zero, flows=flows, keep=keep, frees=frees)
    _own(sweep, graph, keep, None if flows is not None and not frees else [*values, upstream])
    return sweep


def _lost_where_nan(number: Value, value: Value, open: Open) -> Value:
    """NUMBER, and nan where VALUE is nan and not cut off."""
    if type(number) is float and type(value) is float:
        return number if value == value or (open is not None and not open) else value
    lost = np.isnan(value)
    if open is not None:
        lost = lost & open
    return _as_number(np.where(lost, np.nan, number)) if lost.any() else number


def _own(sweep: ArraySweep, graph: Graph, keep: Sequence[int] | None, used: Sequence[Value | None] | None) -> None:
    """Copy the adjoints of leaves, or of the lines to KEEP, that are views, at another line, or among the USED (None:
    all may be)."""
    leaves = [index for index, operands in enumerate(graph.operands) if not operands] if keep is None else keep
    taken = {id(value) for value in used or ()}
    own = {id(number): index for index, number in enumerate(sweep.numbers)}  # the last line that has it
    for index in leaves:
        number = sweep.numbers[index]
        if type(number) is not np.ndarray:
            continue
        if used is None or number.base is not None or id(number) in taken or own[id(number)] != index:
            sweep.numbers[index] = number.copy()


def _sweep_back(
    sweep: ArraySweep, graph: Graph, values: list[Value], result: int, active: Sequence[bool], *,
    strong_zero: bool = False, flows: list[ArrayFlow] | None = None, keep: Sequence[int] | None = None,
    frees: bool = False,
) -> None:  # fmt: skip
    kept = None if keep is None else frozenset(keep)
    with quiet():
        for index in range(result, -1, -1):
            number = sweep.numbers[index]
            operands = graph.operands[index]
            if number is None or not operands:
                continue
            line = Line(graph, values, index, strong_zero=strong_zero)
            for slot, operand in enumerate(operands):
                if not active[operand]:
                    continue
                found = line.pull(slot, number, sweep.open[index])
                if found is None:
                    continue
                local, downstream, open = found
                sweep.add(operand, downstream, open)
                if flows is not None:
                    flows.append(ArrayFlow(index, operand, slot, number, local, downstream, open))
            if kept is not None and index not in kept:
                sweep.numbers[index] = sweep.open[index] = None
            if frees:
                values[index] = stand_in(values[index])


def push_forward(
    graph: Graph,
    values: Sequence[Value],
    result: int,
    tangents: Mapping[int, Value],
    *,
    open: Mapping[int, Open] | None = None,
    strong_zero: bool = False,
    flows: list[ArrayFlow] | None = None,
) -> ArraySweep:
    """The tangent of every line up to RESULT, where the lines of TANGENTS move like that, each in its own shape.

    OPEN says which elements of those lines move at all, None is all.
    """
    sweep = ArraySweep(len(graph))
    if not tangents:
        return sweep
    with quiet():
        for index in range(min(tangents), result + 1):
            if index in tangents:
                sweep.numbers[index], sweep.open[index] = tangents[index], (open or {}).get(index)
                continue
            line: Line | None = None
            for slot, operand in enumerate(graph.operands[index]):
                tangent = sweep.numbers[operand]
                if tangent is None:
                    continue
                line = line or Line(graph, values, index, strong_zero=strong_zero)
                found = line.push(slot, tangent, sweep.open[operand])
                if found is None:
                    continue
                local, pushed, passed = found
                sweep.add(index, pushed, passed)
                if flows is not None:
                    flows.append(ArrayFlow(operand, index, slot, tangent, local, pushed, passed))
        ended = sweep.numbers[result]
        if ended is not None:
            ended = _lost_where_nan(ended, values[result], sweep.open[result])
            sweep.numbers[result] = owned(ended, [*tangents.values(), *values])
    return sweep


class Line:
    """One line of a graph with its rules, read over the numbers of a run; what rules share is read once."""

    _trace: Trace | None = None
    _upstream: Value | None = None
    _have: list[Shape] | None = None
    _apply = staticmethod(apply)

    def __init__(self, graph: Graph, values: Sequence[Value], index: int, *, strong_zero: bool = False) -> None:
        self.primitive: Primitive = graph.primitives[index]
        self.static = graph.statics[index]
        self.y = values[index]
        self.operands = [values[operand] for operand in graph.operands[index]]
        self.strong_zero = strong_zero
        self._read: dict[int, Any] = {}
        if strong_zero:
            from gradcli.autodiff.strong import apply_strongly

            self._apply = apply_strongly

    @property
    def trace(self) -> Trace:
        """The rules of what is not elementwise, traced at the shapes of the operands."""
        if self._trace is None:
            shapes = [shape_of(operand) for operand in self.operands]
            self._trace = trace_array_rules(self.primitive, self.static, shapes)
        return self._trace

    def local(self, slot: int) -> Value | None:
        """The local gradient in operand SLOT, element by element; None where nothing flows, or where it is carried."""
        found: Any = self._local(slot)
        return found if found is None or type(found) is float else np.asarray(found, dtype=float)

    def _local(self, slot: int) -> Any:
        """The same; the share of a gate that is all or nothing as bools."""
        if self.primitive.kind == "elementwise":
            if type(self.y) is float:
                return self._local_of_floats(slot)
            rule = array_locals(self.primitive, self.static, len(self.operands))[slot]
            if rule is None:
                return None
            return rule(self.y, self.operands) if rule.constant is None else rule.constant
        output = self.trace.outputs[slot]
        if output is None or self.primitive.kind == "carried":
            return None
        return self._value(slot, output, [self._kept(self.y), *self.operands])

    def _local_of_floats(self, slot: int) -> float | None:
        count = len(self.operands)
        if count > FEW:
            return local_gradients(self.primitive, self.static, self.y, self.operands)[slot]  # type: ignore[arg-type]
        rule = locals_of(self.primitive, self.static, count)[slot]
        return rule and rule(self.y, *self.operands)

    def _value(self, slot: int, output: int, leaves: Sequence[Value]) -> Any:
        if output < len(leaves):
            return leaves[output]
        lines = [line for line in self.trace.lines_of(slot) if line not in self._read]
        needed = {operand for line in lines for operand in self.trace.graph.operands[line]}
        known = {line: self._read[line] for line in needed if line in self._read}
        values = read(self.trace, leaves, self._apply, float_or_array, lines, known=known)
        self._read.update((line, values[line]) for line in lines)
        return self._read[output]

    def _kept(self, value: Value) -> Value:
        """VALUE in the shape of y with the reduced axis at length 1."""
        if self.primitive.kind != "reduces" or not self.operands:
            return value
        shape: Shape = (self.trace.graph.shapes or [()])[0]
        if shape_of(value) == shape:
            return value
        return np.reshape(value, shape)

    def pull(self, slot: int, upstream: Value, open: Open) -> tuple[Value | None, Value, Open] | None:
        """Local gradient, downstream gradient and what is open, for one operand; None where nothing flows."""
        if self.primitive.kind == "elementwise":
            return self._pull_elementwise(slot, upstream, open)
        output = self.trace.outputs[slot]
        if output is None:
            return None
        shape = shape_of(self.operands[slot])
        if self.primitive.kind == "carried":
            passed = carried_back(
                self.primitive, self.static, slot, self._shapes(), open, shape_of(self.y),
                lambda mask: self._carried(slot, output, mask),
            )  # fmt: skip
            return None, self._closed(self._carried(slot, output, upstream), passed), passed
        local = self._local(slot)
        assert local is not None
        if self.primitive.opens:
            open = through(local, None if open is None else self._kept(open))
        elif open is not None:
            open = self._kept(open)
        flow = self._times(self._kept(upstream), local, open)
        return local, _as_number(fit(flow, shape)), fitted(open, np.shape(flow), shape)

    def _carried(self, slot: int, output: int, upstream: Value) -> Value:
        """The rule of a line that is carried; what several operands share is read once."""
        if self._upstream is not upstream:
            self._upstream, self._read = upstream, {}
        return _as_number(self._value(slot, output, [self.y, *self.operands, upstream]))

    def _shapes(self) -> list[Shape]:
        if self._have is None:
            self._have = [shape_of(operand) for operand in self.operands]
        return self._have

    @staticmethod
    def _closed(number: Value, open: Open) -> Value:
        """NUMBER, exactly 0 where it is not open."""
        return number if open is None else _as_number(np.where(open, number, 0.0))

    def _pull_elementwise(self, slot: int, upstream: Value, open: Open) -> tuple[Value | None, Value, Open] | None:
        local = self._local(slot)
        if local is None:
            return None
        if open is None and type(local) is not float and not (self.primitive.opens or self.strong_zero):
            flow: Any = upstream * local
        else:
            if self.primitive.opens:
                open = through(local, open)
            flow = self._times(upstream, local, open)
        operand: Any = self.operands[slot]
        if type(operand) is float:
            if type(flow) is float:
                return local, flow, open
            shape: Shape = ()
        else:
            shape = operand.shape
        have = () if type(flow) is float else flow.shape
        if have == shape:
            return local, flow, open
        return local, _as_number(fit(flow, shape)), fitted(open, have, shape)

    def push(self, slot: int, tangent: Value, open: Open) -> tuple[Value | None, Value, Open] | None:
        """Local gradient, pushed tangent and what is open, for one operand; None where nothing flows."""
        output = 0 if self.primitive.kind == "elementwise" else self.trace.outputs[slot]
        if output is None:
            return None
        if self.primitive.kind == "carried":
            return None, *self._carried_ahead(slot, output, tangent, open)
        local = self._local(slot)
        if local is None:
            return None
        if self.primitive.opens:
            open = through(local, open)
        flow = self._times(tangent, local, open)
        shape = shape_of(self.y)
        if self.primitive.kind == "elementwise":
            return local, _as_number(fit(flow, shape)), fitted(open, np.shape(flow), shape)
        axis, keep = self.static if self.primitive.static else (None, False)
        flow = fit(flow, shape_of(self.operands[slot]))
        still = None if open is None else np.any(np.broadcast_to(open, np.shape(flow)), axis=axis, keepdims=keep)
        return local, _as_number(np.sum(flow, axis=axis, keepdims=keep)), still

    def _times(self, number: Value, local: Value, open: Open) -> Any:
        """NUMBER, which is 0 where it was closed before, through LOCAL; what is not open is exactly 0."""
        if type(local) is float and not self.primitive.opens and abs(local) < INF and not self.strong_zero:
            if local == 1.0:
                return number
            found: Any = -number if local == -1.0 else number * local
            return found if open is None or local > 0.0 else found + 0.0  # -0.0 becomes a plain zero
        if self.primitive.opens and np.asarray(local).dtype == bool:  # what passes, passes whole
            passed = number * open
            passed += 0.0  # a plain zero, where the sign was minus
            return np.where(open, number, 0.0) if np.isnan(np.sum(passed)) else passed
        found = number * local
        if self.strong_zero:
            from gradcli.autodiff.strong import times

            found = times(number, local)
        if open is None:
            return _as_number(found)
        if np.shape(open) != np.shape(found) or np.ndim(found) == 0:
            return _as_number(np.where(open, found, 0.0))
        found[~open] = 0.0  # in place: `found` is ours
        return found

    def _carried_ahead(self, slot: int, output: int, tangent: Value, open: Open) -> tuple[Value, Open]:
        """The tangent through a line that is carried: a linear one takes it as it is, others transpose their rule."""
        if not self.primitive.linear:
            return self._transposed(slot, output, tangent, open)
        passed = carried_ahead(
            self.primitive, self.static, slot, self._shapes(), open, shape_of(self.y),
            lambda mask: self._replaced(slot, mask),
        )  # fmt: skip
        return self._closed(self._replaced(slot, tangent), passed), passed

    def _replaced(self, slot: int, number: Value) -> Value:
        operands = [*self.operands]
        operands[slot] = number
        return _as_number(self._apply(self.primitive, self.static, operands))

    def _transposed(self, slot: int, output: int, tangent: Value, open: Open) -> tuple[Value, Open]:
        """A sweep back through the lines of the rule, which are linear in the upstream, from its output to that."""
        graph, leaf = self.trace.graph, self.trace.inputs - 1
        leaves = [self.y, *self.operands, zeros(shape_of(self.y))]
        values = read(self.trace, leaves, apply, float_or_array, self.trace.lines_of(slot))
        active = [False] * len(graph)
        active[leaf] = True
        for index in self.trace.lines_of(slot):
            active[index] = any(active[operand] for operand in graph.operands[index])
        sweep = ArraySweep(len(graph))
        sweep.numbers[output], sweep.open[output] = tangent, open
        _sweep_back(sweep, graph, values, output, active, strong_zero=self.strong_zero)
        found = sweep.numbers[leaf]
        return (leaves[-1] if found is None else found), whole(sweep.open[leaf])


def float_or_array(static: Any) -> Value:
    """The value of a constant line."""
    return static if type(static) is float else static.value


def _as_number(found: Any) -> Value:
    return found if type(found) is np.ndarray and found.ndim else float(found)
