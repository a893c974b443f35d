"""Writes the bundles of hot modules into the wheel; an editable install runs the files as they are."""

import sys
from pathlib import Path
from tempfile import mkdtemp

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):
    def initialize(self, version, build_data):
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from gradcli.codegen.bundle import bundle_texts

        folder = Path(mkdtemp())
        for name, text in bundle_texts().items():
            (folder / f"{name}.py").write_text(text, "utf-8")
            build_data["force_include"][str(folder / f"{name}.py")] = f"gradcli/{name}.py"
