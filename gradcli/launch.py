"""Where the installed command starts: with the bundle of hot modules, where the wheel has one."""

import gc

gc.disable()  # one question leaves no garbage worth a search, least of all while the bundle is read

import os  # noqa: E402
import sys  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

try:
    from gradcli.bundle import MODULES
except ImportError:  # a checkout: its modules are read one by one
    MODULES = {}


class Bundle:
    """Finds and fills the modules of the bundle; everything else goes the usual way."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> "Any":
        """The specification of a module of the bundle."""
        if name not in MODULES:
            return None
        if type(MODULES[name]) is str:  # it is in the second file, which is read now
            from gradcli.bundle_of_reports import MODULES as more

            MODULES.update(more)
        make: Any = type(__spec__)
        spec = make(name, Bundle, origin="gradcli.bundle", is_package=MODULES[name][1])
        if MODULES[name][1]:
            home = __file__[: -len("launch.py")]
            spec.submodule_search_locations = [home + name[len("gradcli.") :].replace(".", "/")]
        return spec

    @staticmethod
    def create_module(spec: object) -> None:
        """A plain module."""

    @staticmethod
    def exec_module(module: "ModuleType") -> None:
        """Fill a module: its function runs with the module's names as its globals."""
        fill = MODULES[module.__name__][0]
        type(fill)(fill.__code__, module.__dict__)()


def main() -> None:
    """Run one command line and leave with its exit code, without the interpreter's tidying: that takes longer."""
    if MODULES:
        finders: list[Any] = sys.meta_path
        finders.insert(0, Bundle)
    from gradcli.cli import main as run

    code = run()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:  # it has been reported; there is nobody left to tell
            pass
    os._exit(code)
