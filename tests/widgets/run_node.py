"""Run an ES module of the kit in node on data from Python."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

MATH = Path(__file__).resolve().parents[2] / "utils" / "widgets" / "kit" / "math"


def run_node(folder: Path, imports: dict[str, str], body: str, data: Any) -> Any:
    """Return what a script puts into `result`; it finds `data`, and names by module."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    lines = [
        f"import {{ {names} }} from {json.dumps((MATH / f'{module}.js').as_uri())};"
        for module, names in imports.items()
    ]
    script = [
        'import { readFileSync } from "node:fs";',
        *lines,
        'const data = JSON.parse(readFileSync(process.argv[2], "utf8"));',
        "let result = null;",
        body,
        "console.log(JSON.stringify(result));",
    ]
    (folder / "data.json").write_text(json.dumps(data))
    (folder / "script.mjs").write_text("\n".join(script))
    run = subprocess.run(
        ["node", str(folder / "script.mjs"), str(folder / "data.json")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
