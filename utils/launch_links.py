"""Links that open the course elsewhere, made from one key in ``pyproject.toml``.

The key is ``repository`` in ``[tool.music-ai-course]``: ``"owner/name"`` on GitHub.
While it is empty there are no links. The links stand between two marker comments in
README.md; after a change of the key::

    python -m utils.launch_links
"""

import re
import tomllib
from pathlib import Path

from utils.errors import ParameterError

__all__ = ["BINDER", "COLAB", "GITHUB", "launch_links", "readme_with_links", "repository_key"]

GITHUB = "https://github.com"
BINDER = "https://mybinder.org"
COLAB = "https://colab.research.google.com"

ROOT = Path(__file__).resolve().parent.parent
MARKERS = ("<!-- launch links -->", "<!-- end of launch links -->")


def repository_key() -> str:
    """Return ``owner/name`` from pyproject.toml, or an empty string."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["tool"]["music-ai-course"]["repository"])


def launch_links(repository: str, *, path: str = "") -> str:
    """Return Markdown badges that open the course on Binder, on Colab and its tests.

    Parameters
    ----------
    repository : str
        ``owner/name``; empty where the public address is unknown.
    path : str
        A notebook's path in the repository; empty for the whole course, which
        Colab can't open.

    Returns
    -------
    str
        One line a badge; empty without a repository.

    Raises
    ------
    ParameterError
        The repository is not of the form ``owner/name``.
    """
    if not repository:
        return ""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ParameterError(f"expected a repository as owner/name, got {repository!r}")
    target = f"lab/tree/{path or 'lectures'}"
    links = [
        f"[![Binder]({BINDER}/badge_logo.svg)]({BINDER}/v2/gh/{repository}/HEAD?urlpath={target})"
    ]
    if path:
        address = f"{COLAB}/github/{repository}/blob/main/{path}"
        links.append(f"[![Colab]({COLAB}/assets/colab-badge.svg)]({address})")
    else:
        tests = f"{GITHUB}/{repository}/actions/workflows/ci.yml"
        links.append(f"[![Tests]({tests}/badge.svg)]({tests})")
    return "\n".join(links)


def readme_with_links(readme: str, repository: str) -> str:
    """Return README.md with the links between its markers made anew.

    Raises
    ------
    ParameterError
        The markers are missing.
    """
    start, end = MARKERS
    if readme.count(start) != 1 or readme.count(end) != 1:
        raise ParameterError(f"expected the markers {start} and {end} once in README.md, got none")
    before, rest = readme.split(start)
    after = rest.split(end)[1]
    links = launch_links(repository)
    return f"{before}{start}\n{links}\n{end}{after}" if links else f"{before}{start}\n{end}{after}"


def main() -> None:
    """Write the links into README.md."""
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(readme_with_links(text, repository_key()), encoding="utf-8")


if __name__ == "__main__":
    main()
