"""Start JupyterLab on a folder and run notebooks in it, as a student would."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import nbformat
from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parent.parent.parent
OPEN = """async name => {
  const app = window.jupyterapp;
  await app.restored;
  let panel = null;
  for (let i = 0; i < 600; i++) {
    panel = app.shell.currentWidget;
    if (panel && panel.context && panel.context.path === name) break;
    await new Promise(done => setTimeout(done, 100));
  }
  await panel.context.ready;
  await panel.context.sessionContext.ready;
  await panel.context.sessionContext.session.kernel.info;
}"""
RUN_ALL = "async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
# The model is asked and not the page: a folded cell shows no number.
ALL_DONE = """n => {
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  const code = cells.filter(cell => cell.type === 'code');
  return code.length >= n && code.every(cell => cell.executionCount !== null);
}"""
ERRORS = "[data-mime-type='application/vnd.jupyter.error']"
SET_THEME = (
    "async t => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme: t}); }"
)


class Lab:
    """A server with settings of its own, so that nothing of the user's is read or changed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True)
        self._home = folder / "home"
        self._token = secrets.token_hex(16)
        self._port = _free_port()

    def __enter__(self) -> Self:
        self._home.mkdir()
        self._log = (self._home / "lab.log").open("w")
        names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        folders = {f"JUPYTER_{name}": str(self._home / name.lower()) for name in names}
        folders |= {
            "JUPYTERLAB_SETTINGS_DIR": str(self._home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._home / "workspaces"),
            "IPYTHONDIR": str(self._home / "ipython"),
            "PYTHONPATH": str(ROOT),
        }
        self._process = subprocess.Popen(
            self._command(),
            env={**os.environ, **folders},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its kernels end with it
        )
        self._wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(15)
        self._log.close()

    def add(self, name: str, notebook: nbformat.NotebookNode) -> str:
        """Put a notebook into the folder; return its name."""
        path = self.root / f"{name}.ipynb"
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        return path.name

    def open_and_run(self, page: Page, name: str, *, timeout: float = 600) -> Locator:
        """Open a notebook, run all cells, return its panel; no cell may fail."""
        cells = json.loads((self.root / name).read_text(encoding="utf-8"))["cells"]
        n_code = sum(cell["cell_type"] == "code" for cell in cells)
        page.goto(f"{self._url()}/lab/tree/{name}?token={self._token}&reset")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.wait_for_function("() => window.jupyterapp")
        page.evaluate(OPEN, name)
        start = time.monotonic()
        page.evaluate(RUN_ALL)
        page.wait_for_function(ALL_DONE, arg=n_code, timeout=timeout * 1000)
        print(f"{name}: run all {time.monotonic() - start:.1f} s")
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        errors = panel.locator(ERRORS)
        assert errors.count() == 0, errors.all_inner_texts()
        return panel

    def close_notebook(self, page: Page) -> None:
        """End the kernel of the open notebook, so that the next has the memory."""
        page.evaluate("async () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def set_theme(self, page: Page, *, dark: bool) -> None:
        """Change JupyterLab's theme while a notebook is open."""
        page.evaluate(SET_THEME, "JupyterLab Dark" if dark else "JupyterLab Light")
        wanted = "false" if dark else "true"
        page.wait_for_function(
            "wanted => document.body.getAttribute('data-jp-theme-light') === wanted", arg=wanted
        )

    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _command(self) -> list[str]:
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self._port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "IdentityProvider.token": self._token,
            "LabApp.news_url": None,
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "LabApp.expose_app_in_browser": True,
        }
        flags = [f"--{key}={value}" for key, value in options.items()]
        return [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *flags]

    def _wait(self) -> None:
        until = time.monotonic() + 180
        while True:
            try:
                address = f"{self._url()}/api/status?token={self._token}"
                urllib.request.urlopen(address, timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    log = (self._home / "lab.log").read_text(encoding="utf-8")
                    raise RuntimeError(f"JupyterLab did not start:\n{log}") from None
                time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
