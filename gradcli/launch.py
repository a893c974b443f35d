"""Where the installed command starts: with the bundle of hot modules, where the wheel has one."""

import gc

gc.disable()  # one question leaves no garbage worth a search, least of all while the bundle is read

import os  # noqa: E402
import sys  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    Modules = dict[str, tuple[Callable[[], None], bool]]

try:
    from gradcli.bundle import LATER, MODULES
except ImportError:  # a checkout: its modules are read one by one
    LATER, MODULES = {}, {}


class Later:
    """Finds the modules of the other bundles: the first one that is asked for fills all of its bundle."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> "Any":
        """The specification of a module of another bundle, which is read now."""
        if name not in LATER:
            return None
        if LATER[name] == "bundle_of_arrays":
            from gradcli.bundle_of_arrays import MODULES as more
        elif LATER[name] == "bundle_of_derivatives":
            from gradcli.bundle_of_derivatives import MODULES as more
        else:
            from gradcli.bundle_of_reports import MODULES as more
        fill(more)
        return sys.modules[name].__spec__

    @staticmethod
    def create_module(spec: "Any") -> "ModuleType":
        """The module, which is filled by now."""
        return sys.modules[spec.name]

    @staticmethod
    def exec_module(module: "ModuleType") -> None:
        """Nothing is left to do."""


def fill(modules: "Modules") -> None:
    """Make the MODULES of a bundle, and then run their functions in order, with the module's names as globals."""
    spec: Any = type(__spec__)
    module_type: Any = type(sys)
    home = __file__[: -len("launch.py")]
    for name, (_, package) in modules.items():
        module = sys.modules[name] = module_type(name)
        module.__package__ = name if package else name.rpartition(".")[0]
        module.__builtins__ = __builtins__  # numpy's extension modules look there
        module.__spec__ = spec(name, Later, origin="gradcli.bundle", is_package=package)
        if package:
            module.__path__ = [home + name[len("gradcli.") :].replace(".", "/")]
            module.__spec__.submodule_search_locations = module.__path__
    for name, (function, _) in modules.items():
        above, _, last = name.rpartition(".")
        setattr(sys.modules[above], last, sys.modules[name])
        function_type: Any = type(function)
        function_type(function.__code__, sys.modules[name].__dict__)()


def open_bundle() -> None:
    """Fill the modules of the first bundle, and let the others be found."""
    if MODULES:
        finders: list[Any] = sys.meta_path
        finders.insert(0, Later)
        fill(MODULES)


def work() -> None:
    """Be a worker process of a batch."""
    open_bundle()
    from gradcli.batch.worker import main as run

    run()


def main() -> None:
    """Run one command line and leave with its exit code, without the interpreter's tidying: that takes longer."""
    open_bundle()
    from gradcli.cli import main as run

    code = run()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # it has been reported; there is nobody left to tell
            pass
    os._exit(code)
