"""A calculator that explains its derivatives."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.derived import diff
    from gradcli.cli.face import compare, eval, evaluate, explain, grad, hessian, hvp, jacobian, jvp, vjp
    from gradcli.cli.handed import code, picture
    from gradcli.cli.tape import Tape
    from gradcli.errors import GradError

__all__ = [
    "GradError", "Tape", "code", "compare", "diff", "eval", "evaluate", "explain", "grad", "hessian", "hvp", "jacobian",
    "jvp", "picture", "vjp",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """What is asked for is imported only then: `import gradcli` stands before every start of the command."""
    if name == "GradError":
        from gradcli.errors import GradError

        return GradError
    if name == "Tape":
        from gradcli.cli.tape import Tape

        return Tape
    if name == "diff":
        from gradcli.cli.derived import diff

        return diff
    if name in ("code", "picture"):
        from gradcli.cli import handed

        return getattr(handed, name)
    if name in __all__:
        from gradcli.cli import face

        return getattr(face, name)
    raise AttributeError(f"module 'gradcli' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
