"""Make one module of the ES modules that a widget uses.

A notebook loads a widget's module from a blob, where relative imports cannot be
resolved. So the modules are put into one text, each in a function of its own, in the
order in which they need each other. What is understood is little on purpose::

    import { a, b as c } from "./x.js";        static, relative, named
    export function f / export const / export class
    export default …                           in the entry module only

Comments at the beginning of a line, ``/** @type … */`` and indentation are left out
(they stay in the sources), since the module travels with every widget; a line
``// from kit/plot.js`` before each part says where an error comes from. Node imports
the same sources directly.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from utils.errors import CourseError

__all__ = ["AssemblyError", "assemble", "modules_of"]

IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*[\"'](\.{1,2}/[^\"']+)[\"'];?[ \t]*$", re.M)
EXPORT = re.compile(
    r"^export\s+((?:async\s+)?function\s*\*?|const|class)\s+([A-Za-z_$][\w$]*)", re.M
)
LEFT_OVER = re.compile(r"^[ \t]*(?:import|export)\b(?!\s*default\b).*|\bimport\s*\(.*", re.M)
DEFAULT = re.compile(r"^export\s+default\b.*", re.M)
BLOCK_COMMENT = re.compile(r"^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n", re.M)
TYPE_COMMENT = re.compile(r"/\*\* @type (?:[^*]|\*(?!/))*\*/ ?")
INDENT = re.compile(r"^[ \t]+", re.M)
LINE_COMMENT = re.compile(r"^[ \t]*//.*\n", re.M)


class AssemblyError(CourseError, ValueError):
    """A module holds something that the assembler does not understand."""


def assemble(entry: Path, *, root: Path) -> str:
    """Return one ES module that does what `entry` does, with no imports left.

    Parameters
    ----------
    entry : Path
        The module with ``export default``.
    root : Path
        Names of modules are shown relative to it.

    Raises
    ------
    AssemblyError
        If a module is missing, modules need each other in a circle, or a line is not
        of the forms above.
    """
    entry = entry.resolve()
    parts = [_part(path, entry, root) for path in modules_of(entry)]
    return "".join(parts) + f"//# sourceURL=course-widgets/{_name(entry, root)}\n"


def modules_of(entry: Path) -> list[Path]:
    """Return all modules that `entry` needs, each after what it needs, `entry` last."""
    order: list[Path] = []
    _visit(entry.resolve(), order, ())
    return order


def _visit(path: Path, order: list[Path], above: tuple[Path, ...]) -> None:
    if path in above:
        circle = " -> ".join(item.name for item in (*above[above.index(path) :], path))
        raise AssemblyError(f"expected modules without a circle, got {circle}")
    if path in order:
        return
    if not path.is_file():
        asked = f", which {above[-1].name} imports" if above else ""
        raise AssemblyError(f"expected a module {path.name}{asked}; there is none")
    for _, other in _imports(_source(path), path):
        _visit(other, order, (*above, path))
    order.append(path)


def _source(path: Path) -> str:
    """Return the text without what only a reader of the source needs."""
    text = BLOCK_COMMENT.sub("", path.read_text(encoding="utf-8"))
    text = LINE_COMMENT.sub("", TYPE_COMMENT.sub("", text))
    # Inside a template of several lines spaces would be part of what is shown.
    in_templates = any(line.count("`") % 2 for line in text.splitlines())
    return text if in_templates else INDENT.sub("", text)


def _imports(source: str, path: Path) -> Iterator[tuple[str, Path]]:
    for match in IMPORT.finditer(source):
        yield match[1], (path.parent / match[2]).resolve()


def _part(path: Path, entry: Path, root: Path) -> str:
    """Return one module as a constant that holds its exports; the entry stays as it is."""
    name = _name(path, root)
    source = _source(path)
    exported = [match[2] for match in EXPORT.finditer(source)]
    body = IMPORT.sub(lambda match: _binding(match, path, root), source)
    body = EXPORT.sub(r"\1 \2", body).strip("\n")
    for rule in (LEFT_OVER, *(() if path == entry else (DEFAULT,))):
        if wrong := rule.search(body):
            raise AssemblyError(f"{name}: cannot assemble {wrong[0].strip()!r}")
    if path == entry:
        if not DEFAULT.search(body):
            raise AssemblyError(f"{name}: expected an `export default`, got none")
        return f"// from {name}\n{body}\n"
    head = f"// from {name}\nconst {_constant(path, root)} = (() => {{\n"
    return f"{head}{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def _binding(match: re.Match[str], path: Path, root: Path) -> str:
    other = (path.parent / match[2]).resolve()
    names = re.sub(r"\s+as\s+", ": ", " ".join(match[1].split())).strip(" ,")
    return f"const {{ {names} }} = {_constant(other, root)};"


def _name(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root.resolve())).as_posix()


def _constant(path: Path, root: Path) -> str:
    """Return the identifier of a module: its name, with signs that cannot be spelled."""
    return "m_" + re.sub(r"\W", "_", _name(path, root).removesuffix(".js"))
