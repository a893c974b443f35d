"""The house: which room may import which, what each may bring in from outside, and what nobody may do."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

HOUSE = Path(__file__).parents[1] / "gradcli"

FLOORS = {
    "errors": 0, "text": 0,
    "graph": 1,
    "autodiff": 2,
    "language": 3, "insight": 3, "codegen": 3,
    "report": 4,
    "questions": 5, "render": 5,
    "batch": 6,
    "cli": 7,
    "launch": 8, "__init__": 8, "__main__": 8,
}  # fmt: skip

GUESTS = {  # what is not in the standard library, and the rooms or files that may import it
    "numpy": ("graph", "autodiff", "codegen", "insight", "batch"),
    "mpmath": ("autodiff", "insight"),
    "rich": ("render", "cli"),
    "typer": ("cli",),
    "lark": ("language/freeze.py",),
    "orjson": ("batch",),
    "pyarrow": ("batch",),
    "dask": ("batch/connection.py",),
    "distributed": ("batch/connection.py",),
    "resvg_py": ("render/picture/png.py",),
}

UNSAFE_NAMES = {"eval", "exec", "compile", "__import__"}
UNSAFE_CALLS = {"os.system", "os.popen", "builtins.eval", "builtins.exec", "builtins.compile"}
UNSAFE_MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"}
UNSAFE_KEYWORDS = {"shell": False, "allow_pickle": False}  # where given, it must be this

UNSAFE_BUT_ALLOWED: set[tuple[str, str]] = {  # code made of our own operation names
    ("codegen", "compile"),
    ("codegen", "exec"),
}
RECURSION_ALLOWED: set[str] = set()


class Module(NamedTuple):
    path: str  # within the house, with "/"
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.split("/")[0].removesuffix(".py")

    @property
    def dotted(self) -> str:
        return ".".join(["gradcli", *self.path.removesuffix(".py").split("/")]).removesuffix(".__init__")

    def at(self, node: ast.AST, words: str) -> str:
        return f"gradcli/{self.path}:{node.lineno}: {words}"  # type: ignore[attr-defined]


class Import(NamedTuple):
    node: ast.AST
    target: str  # "gradcli.graph.lines", "numpy.linalg"
    for_types: bool  # under `if TYPE_CHECKING:`
    at_start: bool  # runs when the module is imported


def modules_of(house: Path) -> list[Module]:
    return [
        Module(path.relative_to(house).as_posix(), ast.parse(path.read_text("utf-8"), path))
        for path in sorted(house.rglob("*.py"))
    ]


def imports_of(module: Module) -> Iterator[Import]:
    """Every import, wherever it stands; `from gradcli import graph` names the room, not the package."""
    waiting: list[tuple[ast.AST, bool, bool]] = [(module.tree, False, True)]
    while waiting:
        node, for_types, at_start = waiting.pop()
        for target in targets_of(module, node):
            yield Import(node, target, for_types, at_start and not for_types)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            waiting += [(child, True, at_start) for child in node.body]
            waiting += [(child, for_types, at_start) for child in node.orelse]
            continue
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting += [(child, for_types, at_start and not inside) for child in ast.iter_child_nodes(node)]


def targets_of(module: Module, node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            base = absolute(module, node)
            return [f"{base}.{alias.name}" for alias in node.names] if base == "gradcli" else [base]
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(function) in (
            "import_module",
            "importlib.import_module",
            "__import__",
        ):
            return [name]
    return []


def absolute(module: Module, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    package = module.dotted.split(".")
    if not module.path.endswith("__init__.py"):
        package.pop()
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, node.module] if node.module else package)


def visits(modules: list[Module]) -> Iterator[tuple[Module, Import, str]]:
    """Each import of one room by another."""
    for module in modules:
        for found in imports_of(module):
            package, _, rest = found.target.partition(".")
            room = rest.partition(".")[0]
            if package == "gradcli" and room in FLOORS and room != module.room:
                yield module, found, room


def rooms_without_floor(modules: list[Module]) -> list[str]:
    return [f"gradcli/{module.path}:1: no floor for {module.room!r}" for module in modules if module.room not in FLOORS]


def climbs(modules: list[Module]) -> list[str]:
    return [
        module.at(found.node, f"{module.room} (floor {FLOORS[module.room]}) imports {room} (floor {FLOORS[room]})")
        for module, found, room in visits(modules)
        if FLOORS.get(module.room, 99) < FLOORS[room]
    ]


def meetings(modules: list[Module]) -> list[str]:
    return [
        module.at(found.node, f"{module.room} imports {room}, its neighbour on floor {FLOORS[room]}")
        for module, found, room in visits(modules)
        if FLOORS.get(module.room, 99) == FLOORS[room]
    ]


def eager_fronts(modules: list[Module]) -> list[str]:
    return [
        module.at(found.node, f"import of {room} runs whenever gradcli is imported")
        for module, found, room in visits(modules)
        if module.path == "__init__.py" and found.at_start
    ]


def strangers(modules: list[Module]) -> list[str]:
    return [
        module.at(found.node, f"{module.room} imports {package}")
        for module in modules
        for found in imports_of(module)
        if (package := found.target.partition(".")[0]) not in sys.stdlib_module_names | {"gradcli"}
        and not found.for_types
        and not {module.room, module.path} & set(GUESTS.get(package, ()))
    ]


def dangers(modules: list[Module]) -> list[str]:
    return [
        module.at(node, words)
        for module in modules
        for node, name, words in unsafe_nodes(module)
        if (module.room, name) not in UNSAFE_BUT_ALLOWED
    ]


def unsafe_nodes(module: Module) -> Iterator[tuple[ast.AST, str, str]]:
    own = names_bound_in(module)
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in UNSAFE_NAMES - own:
                yield node, name, f"{name} runs text as code"
            case ast.Attribute() if (name := ast.unparse(node)) in UNSAFE_CALLS:
                yield node, name, f"{name} runs text as code"
            case ast.keyword(arg=str(name), value=value) if name in UNSAFE_KEYWORDS:
                if not (isinstance(value, ast.Constant) and value.value is UNSAFE_KEYWORDS[name]):
                    yield value, name, f"{name}={ast.unparse(value)}"
    for found in imports_of(module):
        if (name := found.target.partition(".")[0]) in UNSAFE_MODULES:
            yield found.node, name, f"{name} runs what it reads"


def names_bound_in(module: Module) -> set[str]:
    """What the module defines or assigns itself: such a name is not the built-in one."""
    return {
        node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else node.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }


def recursions(modules: list[Module]) -> list[str]:
    return [
        module.at(call, f"{function.name} calls itself")
        for module in modules
        for function, is_method in functions_of(module)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and calls(call.func, function.name, is_method)
        if f"{module.dotted}.{function.name}" not in RECURSION_ALLOWED
    ]


def functions_of(module: Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    for parent in ast.walk(module.tree):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child, isinstance(parent, ast.ClassDef)


def calls(function: ast.expr, name: str, is_method: bool) -> bool:
    match function:
        case ast.Name(id=called):
            return called == name and not is_method  # in a method it is the module's function of that name
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=called):
            return called == name and is_method
    return False


def lines(violations: list[str]) -> str:
    """As one text, of which pytest shows every line."""
    return "\n".join(violations)


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return modules_of(HOUSE)


def test_every_room_has_a_floor(modules):
    """A new room is placed in the house before it is built."""
    assert lines(rooms_without_floor(modules)) == ""


def test_a_room_imports_only_from_lower_floors(modules):
    """What is said of a line never depends on how it is drawn: imports lead down."""
    assert lines(climbs(modules)) == ""


def test_rooms_on_one_floor_never_meet(modules):
    """Neighbours can be replaced, and loaded, one without the other."""
    assert lines(meetings(modules)) == ""


def test_importing_gradcli_imports_no_room(modules):
    """`import gradcli` runs before every module of the house, so it brings in nothing until asked."""
    assert lines(eager_fronts(modules)) == ""


def test_other_packages_stay_in_their_rooms(modules):
    """Numpy, rich, typer, mpmath and lark are imported where their work is done, and nothing else is."""
    assert lines(strangers(modules)) == ""


def test_nothing_runs_text_as_code(modules):
    """No eval, exec, compile, pickle or shell, but for code that codegen made of our own operation names."""
    assert lines(dangers(modules)) == ""


def test_no_function_calls_itself(modules):
    """The depth of an expression is bounded by memory, not by Python's stack."""
    assert lines(recursions(modules)) == ""


@pytest.mark.parametrize(
    ("rule", "path", "source", "line", "words"),
    [
        (rooms_without_floor, "attic.py", "", 1, "no floor for 'attic'"),
        (climbs, "graph/lines.py", "import gradcli.cli", 1, "graph (floor 1) imports cli (floor 7)"),
        (climbs, "text.py", "from gradcli import graph", 1, "text (floor 0) imports graph (floor 1)"),
        (climbs, "graph/__init__.py", "from ..autodiff import sweep", 1, "graph (floor 1) imports autodiff (floor 2)"),
        (climbs, "graph/lines.py", "def f():\n    from ..cli import doors", 2, "graph (floor 1) imports cli (floor 7)"),
        (climbs, "text.py", "if TYPE_CHECKING:\n    from .cli import x", 2, "text (floor 0) imports cli (floor 7)"),
        (climbs, "text.py", "import_module('gradcli.batch.sinks')", 1, "text (floor 0) imports batch (floor 6)"),
        (meetings, "errors.py", "from .text import number", 1, "errors imports text, its neighbour on floor 0"),
        (eager_fronts, "__init__.py", "from .cli import main", 1, "import of cli runs whenever gradcli is imported"),
        (strangers, "render/table.py", "import numpy as np", 1, "render imports numpy"),
        (strangers, "language/driver.py", "import lark", 1, "language imports lark"),
        (strangers, "cli/doors.py", "from pydantic.main import x", 1, "cli imports pydantic"),
        (dangers, "text.py", "eval('1')", 1, "eval runs text as code"),
        (dangers, "text.py", "list(map(exec, lines))", 1, "exec runs text as code"),
        (dangers, "text.py", "os.system(line)", 1, "os.system runs text as code"),
        (dangers, "text.py", "from pickle import load", 1, "pickle runs what it reads"),
        (dangers, "text.py", "run(line, shell=True)", 1, "shell=True"),
        (dangers, "text.py", "load(path, allow_pickle=flag)", 1, "allow_pickle=flag"),
        (recursions, "text.py", "def walk(tree):\n    return map(f, walk(tree))", 2, "walk calls itself"),
        (recursions, "text.py", "class A:\n    def walk(self):\n        self.walk()", 3, "walk calls itself"),
    ],
)
def test_a_planted_violation_is_found(
    tmp_path, rule: Callable[[list[Module]], list[str]], path: str, source: str, line: int, words: str
):
    """Each rule above can fail, and says where."""
    assert rule(modules_of(planted(tmp_path, path, source))) == [f"gradcli/{path}:{line}: {words}"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("__init__.py", "def __getattr__(name):\n    from gradcli import questions\n    return questions"),
        ("__main__.py", "from gradcli.cli import main"),
        ("graph/lines.py", "from __future__ import annotations\nfrom gradcli import __version__\nimport numpy.linalg"),
        ("graph/lines.py", "from .arithmetic import add\nfrom gradcli.graph import lines\nfrom gradcli.text import n"),
        ("report/lines.py", "if TYPE_CHECKING:\n    import numpy as np"),
        ("language/freeze.py", "from lark import Lark"),
        ("text.py", "re.compile('a')\nload(path, allow_pickle=False)\nrun(words, shell=False)"),
        ("text.py", "def compile(text):\n    return text\ncompile('a')"),
        ("text.py", "class Node:\n    def exp(self):\n        return exp(self)"),
        ("text.py", "class Lines:\n    def append(self, line):\n        self.all.append(line)"),
    ],
)
def test_what_is_allowed_passes_every_rule(tmp_path, path: str, source: str):
    """The rules stop nothing that the house permits."""
    modules = modules_of(planted(tmp_path, path, source))
    rules = (rooms_without_floor, climbs, meetings, eager_fronts, strangers, dangers, recursions)
    assert [found for rule in rules for found in rule(modules)] == []


def planted(ground: Path, path: str, source: str) -> Path:
    """A house with one module."""
    house = ground / "gradcli"
    (house / path).parent.mkdir(parents=True)
    (house / path).write_text(source, "utf-8")
    return house
