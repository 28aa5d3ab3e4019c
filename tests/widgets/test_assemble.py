"""One module made of many does what the many do."""

import shutil
import subprocess
from pathlib import Path

import pytest

from utils.widgets.assemble import AssemblyError, assemble, modules_of

WIDGETS = Path(__file__).resolve().parent.parent.parent / "utils" / "widgets"
VIEWS = sorted(WIDGETS.glob("*/view.js"))
# The three-dimensional view and its landscapes take 25 kB more than DESIGN's 60; they come
# from the same machine as the page, and stay far below one picture of them.
LIMIT = 90_000


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "entry.js"


GOOD = {
    "kit__a": "/** Same\n * name. */\nconst hidden = 2;\nexport const one = hidden - 1;\n"
    'export function say(x) { return "// not a comment: " + x; }\n',
    "kit__b": 'import {\n  one as uno,\n  say,\n} from "./a.js";\nconst hidden = 5;\n'
    "// left out\nexport const poem = `a\n  b`;\nexport class Box {"
    " get() { return say(uno + /** @type {any} */ (hidden)) + poem; } }\n",
    "entry": 'import { Box } from "./kit/b.js";\nimport { one } from "./kit/a.js";\n'
    "export default [new Box().get(), one];\n",
}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_assembled_module_does_the_same(tmp_path: Path) -> None:
    entry = write(tmp_path, **GOOD)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "whole.mjs").write_text(assemble(entry, root=tmp_path))
    script = 'import a from "./entry.js"; import b from "./whole.mjs"; console.log(a + "|" + b);'
    (tmp_path / "run.mjs").write_text(script)
    run = subprocess.run(
        ["node", str(tmp_path / "run.mjs")], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    one, other = run.stdout.strip().split("|")
    assert one == other == "// not a comment: 6a\n  b,1"


def test_sources_are_named_and_comments_left_out(tmp_path: Path) -> None:
    text = assemble(write(tmp_path, **GOOD), root=tmp_path)
    places = [text.index(f"// from {name}") for name in ("kit/a.js", "kit/b.js", "entry.js")]
    assert places == sorted(places)
    assert text.endswith("//# sourceURL=course-widgets/entry.js\n")
    assert "left out" not in text
    assert "@type" not in text
    assert "Same" not in text
    assert "import " not in text


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"entry": 'import { a } from "./gone.js";\nexport default a;'}, "gone.js, which entry.js"),
        (
            {
                "entry": 'import { a } from "./a.js";\nexport default a;',
                "a": 'import { b } from "./b.js";\nexport const a = b;',
                "b": 'import { a } from "./a.js";\nexport const b = a;',
            },
            "a.js -> b.js -> a.js",
        ),
        ({"entry": 'import * as a from "./a.js";\nexport default a;'}, "cannot assemble 'import"),
        ({"entry": 'import a from "./a.js";\nexport default a;'}, "cannot assemble 'import"),
        ({"entry": 'import { a } from "lib";\nexport default a;'}, "cannot assemble 'import"),
        ({"entry": "const a = 1;\nexport { a };\nexport default a;"}, "cannot assemble 'export"),
        ({"entry": 'export default import("./a.js");'}, "cannot assemble"),
        ({"entry": "const a = 1;"}, "export default"),
        (
            {
                "entry": 'import { a } from "./a.js";\nexport default a;',
                "a": "export const a = 1;\nexport default a;",
            },
            "a.js: cannot assemble 'export default",
        ),
    ],
)
def test_what_is_not_understood_is_refused(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    with pytest.raises(AssemblyError, match=words):
        assemble(write(tmp_path, **files), root=tmp_path)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.parent.name)
def test_every_widget_is_small_and_whole(view: Path) -> None:
    text = assemble(view, root=WIDGETS)
    assert modules_of(view)[-1] == view
    assert len(text.encode()) <= LIMIT, f"{len(text.encode())} bytes"
