"""Writes gradcli/bundle.py into the wheel (not into an editable install, which has to run the files as they are)."""

import sys
from pathlib import Path
from tempfile import mkdtemp

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):
    def initialize(self, version, build_data):
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from gradcli.codegen.bundle import bundle_text

        path = Path(mkdtemp()) / "bundle.py"
        path.write_text(bundle_text(), "utf-8")
        build_data["force_include"][str(path)] = "gradcli/bundle.py"
