"""The derivative words of the language, described beside its functions."""

from __future__ import annotations

from gradcli.report.catalogue import Entry, Worked

WORDS = {
    "d": ("d(f, x, n)", "x a scalar; n = 1", "x = 2; d(x^3, x, 2)"),
    "grad": ("grad(f, x)", "f a scalar, x a name", "x = [3, 5]; grad(x[0]*x[1], x)"),
    "hessian": ("hessian(f, x)", "f a scalar, x a name", "x = [3, 5]; hessian(x[0]*x[1], x)"),
    "jacobian": ("jacobian(f, x)", "x a name", "x = [3, 5]; jacobian(x^2, x)"),
}



def derivative_entries() -> list[Entry]:
    """Every word."""
    return [derivative_entry(name) for name in WORDS]


def derivative_entry(name: str) -> Entry:
    """One word."""
    call, domain, example = WORDS[name]
    entry = Entry(name, call, "derivative")
    entry.domain = domain
    entry.gates = ("adds lines", "adds lines")
    entry.work = lambda: _worked(example)
    return entry


def _worked(example: str) -> Worked:
    from gradcli.questions import Options, evaluated

    value = evaluated(example, {}, Options()).value
    if type(value) is not float:
        from gradcli.graph.arrays import plain

        value = plain(value)
    return Worked(example, {}, value, {})
