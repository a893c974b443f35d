"""Where a nan or inf of an array was born: at which elements of a line, a flow, or a sum of flows."""

from __future__ import annotations

import numpy as np

from gradcli.graph import VARIABLE
from gradcli.graph.arrays import quiet
from gradcli.insight.array_run import LOOKED_AT, ArrayRun, Note, at, element, true_of, where_said
from gradcli.text import significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from gradcli.autodiff.arrays import ArrayFlow

SIGNS = {
    "add": "inf - inf", "sub": "inf - inf", "mul": "0 × inf", "div": "inf/inf", "sum": "inf - inf",
    "mean": "inf - inf", "cumsum": "inf - inf", "prod": "0 × inf", "dot": "0 × inf or inf - inf",
    "matmul": "0 × inf or inf - inf", "outer": "0 × inf", "trace": "inf - inf", "softmax_of": "inf/inf",
}  # fmt: skip
CLASSES = (np.isnan, np.isposinf, np.isneginf)


def births(run: ArrayRun) -> Iterator[Note]:
    """The lines that bore a nan or inf, with the elements and the reason."""
    for index, given in enumerate(run.values):
        live = run.live[index]
        if live is False or np.isfinite(given).all():
            continue
        value = run.value(index)
        name = run.labels.names[index]
        if run.graph.primitives[index] is VARIABLE:
            nans = np.isnan(value) if live is None else np.isnan(value) & live
            if nans.any():
                said = where_said(f"{name}: was given as nan", nans)
                yield Note("nan", name, said)
        elif run.graph.operands[index]:
            born = _born(run, index, value)
            yield from _births_of(run, index, value, born if live is None else born & live)
    yield from _nan_result(run)


def _born(run: ArrayRun, index: int, value: Any) -> Any:
    """The elements that are not finite though what they are made of explains it not."""
    primitive, operands = run.graph.primitives[index], run.operands(index)
    if primitive.kind == "elementwise":
        nan_above = _any([np.isnan(operand) for operand in operands], value.shape)
        bad_above = _any([~np.isfinite(operand) for operand in operands], value.shape)
    elif primitive.moves and primitive.name != "cumsum":
        return np.zeros(value.shape, dtype=bool)
    else:
        nan_above, bad_above = _above(primitive, run.graph.statics[index], operands, value.shape)
    return (np.isnan(value) & ~nan_above) | (np.isinf(value) & ~bad_above)


def _any(masks: Sequence[Any], shape: Sequence[int]) -> Any:
    found = np.zeros(shape, dtype=bool)
    for mask in masks:
        found = found | mask
    return found


def _above(primitive: Any, static: Any, operands: Sequence[Any], shape: Sequence[int]) -> tuple[Any, Any]:
    """Where a nan, and where anything not finite, goes into an element of a reduction or a product."""
    if primitive.kind == "reduces" and primitive.static:
        axis, keep = static
        (x,) = operands
        return np.isnan(x).any(axis=axis, keepdims=keep), (~np.isfinite(x)).any(axis=axis, keepdims=keep)
    nan = any(np.isnan(operand).any() for operand in operands)
    bad = any(not np.isfinite(operand).all() for operand in operands)
    return np.full(shape, nan), np.full(shape, bad)


def _births_of(run: ArrayRun, index: int, value: Any, born: Any) -> Iterator[Note]:
    name, equation = run.labels.names[index], run.labels.equation(index)
    for is_of_class in CLASSES:
        left = born & is_of_class(value)
        many = int(np.count_nonzero(left))
        while many:
            first = int(np.flatnonzero(left)[0])
            number = float(value.flat[first])
            reason, domain, same = _reason(run, index, value, left, first)
            kind = "inf" if number == number else "domain" if domain else "nan"
            what = significant(number)
            if same is None:
                said = f"{what} is born at {many:,} elements, the first {at(_only(left, first))[3:]}: {reason}"
                same = left
            else:
                said = f"{where_said(f'{what} is born', same) if value.shape else f'{what} is born here'}: {reason}"
            yield Note(kind, name, f"{equation}: {said}")
            left = left & ~same
            many = int(np.count_nonzero(left))


def _only(mask: Any, place: int) -> Any:
    found = np.zeros(mask.shape, dtype=bool)
    found.flat[place] = True
    return found


def _reason(run: ArrayRun, index: int, value: Any, left: Any, first: int) -> tuple[str, bool, Any]:
    """Why the element FIRST was born, whether by leaving the domain, and which others are, None if too many to see."""
    primitive = run.graph.primitives[index]
    operands = run.operands(index)
    nan = bool(np.isnan(value.flat[first]))
    if primitive.kind != "elementwise":
        reason, domain = _reason_of_whole(run, index, nan)
        return reason, domain, left
    extra = (run.graph.statics[index],) if primitive.static else ()
    seen = left if np.count_nonzero(left) <= LOOKED_AT else None
    y, *above = element([value, *operands], value.shape, first)
    for edge in primitive.edges:
        if edge.kind == "domain" and edge.when(y, *above, *extra):
            same = None if seen is None else true_of(edge, value, operands, extra, seen)
            if primitive.name == "div" and above[0] == 0:
                return "0/0", False, None if same is None else same & np.broadcast_to(operands[0] == 0, left.shape)
            if primitive.name == "div" and same is not None:
                same = same & np.broadcast_to(operands[0] != 0, left.shape)
            return edge.says, True, same
    if seen is not None:
        for edge in primitive.edges:
            if edge.kind == "domain":
                seen = seen & ~true_of(edge, value, operands, extra, seen)
    if not nan:
        return "overflow", False, seen
    if primitive.name in SIGNS:
        return SIGNS[primitive.name], False, seen
    if seen is not None:
        seen = _only(left, first) if np.count_nonzero(seen) > 1 else seen
    return f"{primitive.shown} at {', '.join(map(significant, above))}", False, seen


def _reason_of_whole(run: ArrayRun, index: int, nan: bool) -> tuple[str, bool]:
    primitive = run.graph.primitives[index]
    for edge in primitive.edges:
        if edge.kind == "domain" and edge.when(run.value(index), *run.operands(index)):
            return edge.says, True
    if not nan:
        return "overflow", False
    return SIGNS.get(primitive.name, f"{primitive.shown} of what is not finite"), False


def _nan_result(run: ArrayRun) -> Iterator[Note]:
    nans = np.isnan(run.value(run.result))
    if run.sweep is None or not nans.any():
        return
    name = run.labels.names[run.result]
    message = f"{name}: the result is nan, so every gradient of it is nan"
    if nans.shape:
        message = f"{name}: the result is nan {at(nans)}, and so is every gradient of that"
    yield Note("nan", name, f"{message}; only what a closed gate cut off stays 0")


def backward_births(run: ArrayRun) -> Iterator[Note]:
    """The flows and sums of flows that bore a nan or inf."""
    sums: dict[int, Any] = {}
    for flow in run.flows:
        downstream = np.asarray(flow.downstream)
        before = sums.get(flow.target)
        with quiet():
            sums[flow.target] = downstream if before is None else before + downstream
        if np.isfinite(downstream).all():
            continue
        yield from _births_at_a_flow(run, flow)
        if before is not None:
            lost = np.isnan(sums[flow.target]) & ~np.isnan(before) & ~np.isnan(downstream)
            if lost.any():
                name = run.labels.names[flow.target]
                yield Note("nan", name, f"{name}: {where_said('nan is born', lost)} where its flows meet: inf - inf")


def _births_at_a_flow(run: ArrayRun, flow: ArrayFlow) -> Iterator[Note]:
    names = run.labels.names
    place, name = f"{names[flow.source]} → {names[flow.target]}", names[flow.source]
    if flow.local is None:
        yield from _births_when_carried(run, flow, place)
        return
    index = flow.source
    local, upstream = np.asarray(flow.local), _kept(run, index, flow.upstream)
    shape = np.broadcast_shapes(local.shape, upstream.shape)
    local, upstream = np.broadcast_to(local, shape), np.broadcast_to(upstream, shape)
    with quiet():
        product = upstream * local
    if run.strong:
        dead = ((upstream == 0) & np.isinf(local)) | (np.isinf(upstream) & (local == 0))
        product = np.where(dead, 0.0, product)
    carries = np.isinf(upstream) & ~np.isnan(product) & np.isfinite(local)
    bad = ~np.isfinite(product) & _open(run, index, local)
    fresh = bad & ~np.isnan(upstream) & ~carries
    given = _not_finite(run, index, shape)
    yield from _locals(run, flow, place, local, fresh & ~np.isfinite(local) & ~given)
    lost = fresh & np.isnan(product) & ~np.isnan(local)
    if lost.any():
        numbers = element([upstream, local], shape, int(np.flatnonzero(lost)[0]))
        first = f"{significant(numbers[0])} × {significant(numbers[1])}"
        more = " (the first)" if np.count_nonzero(lost) > 1 else ""
        yield Note("nan", name, f"{place}: {where_said('nan is born', lost)} of this flow: {first}{more}"
                   if shape else f"{place}: nan is born at this flow: {first}")  # fmt: skip
    over = fresh & np.isinf(product) & np.isfinite(local) & np.isfinite(upstream)
    if over.any():
        number = significant(float(product.flat[np.flatnonzero(over)[0]]))
        born = f"{where_said(f'{number} is born', over)} of" if shape else f"{number} is born at"
        yield Note("inf", name, f"{place}: {born} this flow: overflow")
    sums = ~np.isfinite(flow.downstream)
    if not bad.any() and sums.any():
        yield Note("inf", name, f"{place}: {where_said('inf is born', sums)} where the copies add: overflow")


def _kept(run: ArrayRun, index: int, number: Any) -> Any:
    """What has the shape of a line, with the reduced axis at length 1."""
    primitive, static = run.graph.primitives[index], run.graph.statics[index]
    if primitive.kind != "reduces" or not primitive.static or static[1] or static[0] is None:
        return np.asarray(number)
    return np.expand_dims(number, static[0])


def _open(run: ArrayRun, index: int, local: Any) -> Any:
    """Where the flow through a line, whose LOCAL gradient it is, is not cut off."""
    assert run.sweep is not None
    open = run.sweep.open[index]
    passed = np.ones(local.shape, dtype=bool) if open is None else np.broadcast_to(_kept(run, index, open), local.shape)
    return passed & (local != 0) if run.graph.primitives[index].opens else passed


def _not_finite(run: ArrayRun, index: int, shape: Sequence[int]) -> Any:
    """Where what a local gradient is computed from is not finite, in the SHAPE of the flow."""
    arrays = [run.value(index), *run.operands(index)]
    if run.graph.primitives[index].kind == "elementwise":
        return _any([~np.isfinite(array) for array in arrays], shape)
    return np.full(shape, not all(np.isfinite(array).all() for array in arrays))


def _locals(run: ArrayRun, flow: ArrayFlow, place: str, local: Any, born: Any) -> Iterator[Note]:
    """Local gradients that are not finite where all that they are made of is."""
    index = flow.source
    primitive, name = run.graph.primitives[index], run.labels.names[index]
    value, operands = run.value(index), run.operands(index)
    extra = (run.graph.statics[index],) if primitive.static else ()
    for is_of_class in CLASSES:
        mask = born & is_of_class(local)
        if not mask.any():
            continue
        first = int(np.flatnonzero(mask)[0])
        what, reason = significant(float(local.flat[first])), ""
        if primitive.kind == "elementwise":
            numbers = element([value, *operands], local.shape, first)
            edges = [edge for edge in primitive.edges if edge.kind in ("inf", "domain") and run.concerns(index, edge)]
            reason = next((edge.says for edge in edges if edge.when(*numbers, *extra)), "")
        kind = "inf" if what != "nan" else "domain" if reason else "nan"
        said = f"the local gradient of {run.labels.equation(index)} is {what}"
        because = f": {reason}" if reason else ""
        yield Note(kind, name, f"{place}: {where_said(said, mask)}{because}")


def _births_when_carried(run: ArrayRun, flow: ArrayFlow, place: str) -> Iterator[Note]:
    upstream, downstream = np.asarray(flow.upstream), np.asarray(flow.downstream)
    index = flow.source
    if np.isnan(upstream).any() or run.graph.primitives[index].moves:
        return
    given = [run.value(index), *run.operands(index)]
    name = run.labels.names[index]
    finite = np.isfinite(upstream).all() and all(np.isfinite(array).all() for array in given)
    nans = np.isnan(downstream)
    if nans.any() and not any(np.isnan(array).any() for array in given):
        reason, domain = _reason_of_whole(run, index, nan=True)
        because = reason if domain else "overflow" if finite else "0 × inf or inf - inf"
        yield Note("nan", name, f"{place}: {where_said('nan is born', nans)} at this flow: {because}")
    elif finite and np.isinf(downstream).any():
        yield Note("inf", name, f"{place}: {where_said('inf is born', np.isinf(downstream))} at this flow: overflow")
