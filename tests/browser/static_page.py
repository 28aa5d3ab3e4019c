"""Make one static page of a notebook: widgets alive with no network and no kernel."""

import os
import shutil
from pathlib import Path

import anywidget
import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / "tests" / "js" / "node_modules"
FONTS = {".woff", ".woff2", ".ttf", ".eot", ".svg"}


def notebook_of(*cells: str) -> nbformat.NotebookNode:
    """Return a notebook of these code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


def execute(notebook: nbformat.NotebookNode, folder: Path, *, timeout: int = 120) -> None:
    """Run a notebook in a folder and keep the state of its widgets in it."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        store_widget_state=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})


def static_page(notebook: nbformat.NotebookNode, target: Path) -> Path:
    """Write an executed notebook as a page that needs nothing but its own folder."""
    vendor = target.parent / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    manager = MODULES / "@jupyter-widgets" / "html-manager" / "dist"
    for path in manager.iterdir():
        if path.suffix in FONTS or path.name == "embed-amd.js":
            shutil.copy(path, vendor / path.name)
    shutil.copy(MODULES / "requirejs" / "require.js", vendor / "require.js")
    bridge = Path(anywidget.__file__).parent / "nbextension" / "index.js"
    shutil.copy(bridge, vendor / "anywidget.js")
    exporter = HTMLExporter(template_name="lab")
    exporter.require_js_url = "vendor/require.js"
    exporter.mathjax_url = exporter.jquery_url = ""
    exporter.widget_renderer_url = "vendor/embed-amd.js"
    exporter.jupyter_widgets_base_url = "vendor/npm/"
    body, _ = exporter.from_notebook_node(notebook)
    # The manager would look for anywidget in the network.
    paths = "<script>require.config({paths:{anywidget:'vendor/anywidget'}});</script>"
    target.write_text(body.replace("</head>", paths + "</head>", 1), encoding="utf-8")
    return target
