"""The commands of :mod:`utils.notes`: ``python -m utils.notes nsynth|fetch|render``."""

import argparse
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from utils.errors import CourseError, ParameterError
from utils.notes.download import MIRROR_VARIABLE, NSYNTH_ARCHIVES, NSYNTH_URL, Archive, Patience

if TYPE_CHECKING:
    from utils.notes.prepare import NsynthFolder
    from utils.notes.store import NoteStore

__all__ = ["main"]

NSYNTH_TEXT = """\
Fetch the official NSynth archives (CC BY 4.0), check them, and compute the spectrograms
straight out of them. Everything can be stopped and goes on where it stopped.

  split   download   notes     what the course does with it
  train    23.8 GB   289 205   training
  valid     1.1 GB    12 678   half of the instruments validation, half practice
  test      0.3 GB     4 096   hidden split of a homework (public: everybody can get it)

Without --split: valid and test, which are enough to try a model on real notes.
With --class-pack: train and valid.
"""

NSYNTH_END = f"""\
Mirrors can also stand in the environment variable {MIRROR_VARIABLE}, separated by blanks.

examples:
  python -m utils.notes nsynth
  python -m utils.notes nsynth --split train valid --out /data/nsynth
  python -m utils.notes nsynth --class-pack 6000 --no-keep-archive
"""


def main(
    argv: Sequence[str] | None = None,
    *,
    archives: Mapping[str, Archive] = NSYNTH_ARCHIVES,
    official: str = NSYNTH_URL,
    patience: Patience | None = None,
) -> int:
    """Run a command and return its exit code: 0, 1 (failed), 2 (wrong usage) or 130 (Ctrl-C).

    Parameters
    ----------
    argv : sequence of str, optional
        Default: of this process.
    archives, official, patience
        What is fetched, whence, and how patiently; other values are for tests.

    Returns
    -------
    int
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    try:
        if argv[:1] == ["render"]:
            from utils.notes import render

            return int(render.main([word for word in argv[1:] if word != "--debug"]) or 0)
        options = _parser().parse_args(argv)
        if options.command == "fetch":
            return _fetch(options, patience=patience)
        return _nsynth(options, archives=archives, official=official, patience=patience)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(error, debug=debug)


def _report(error: Exception, *, debug: bool) -> int:
    """Print an error as one line and a hint; return the exit code."""
    text, hint = str(error), getattr(error, "hint", "")
    if not isinstance(error, CourseError | OSError):
        text = f"unexpected {type(error).__name__}: {error}"
        hint = "This is a mistake in the course." + ("" if debug else " --debug shows where.")
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return 2 if isinstance(error, ParameterError) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m utils.notes", description="Get the notes of the course."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error comes from")
    common.add_argument("--quiet", action="store_true", help="no progress bars")
    _add_nsynth(commands, common)
    fetch = commands.add_parser(
        "fetch",
        parents=[common],
        help="fetch the class pack of your instructor",
        description="Fetch a class pack: spectrograms and sounds that your instructor serves.",
    )
    fetch.add_argument("url", help="address of the pack's folder, or a folder on a disk")
    fetch.add_argument("--out", type=Path, help="folder for it (default: the course's cache)")
    commands.add_parser(
        "render", help="rebuild the notes that come with the course (see render --help)"
    )
    return parser


def _add_nsynth(commands: "argparse._SubParsersAction", common: argparse.ArgumentParser) -> None:
    nsynth = commands.add_parser(
        "nsynth",
        parents=[common],
        help="fetch NSynth; make a class pack",
        description=NSYNTH_TEXT,
        epilog=NSYNTH_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = nsynth.add_argument
    add(
        "--split",
        nargs="+",
        action="extend",
        choices=["train", "valid", "test"],
        metavar="SPLIT",
        help="train, valid or test; several may be given",
    )
    add(
        "--out",
        type=Path,
        default=Path("downloads/nsynth"),
        help="folder for archives and stores (default: %(default)s)",
    )
    add(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="folder on another server that holds the archives; tried first, may be repeated",
    )
    add(
        "--build-store",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compute the spectrograms (default: yes)",
    )
    add(
        "--keep-archive",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the archives after that (default: yes)",
    )
    add("--workers", type=int, metavar="N", help="processes that compute (default: one a core)")
    pack = nsynth.add_argument_group("class pack, made of train and valid")
    pack.add_argument("--class-pack", type=int, metavar="N", help="make one with N notes")
    pack.add_argument("--pack-out", type=Path, help="its folder (default: class-pack in --out)")
    pack.add_argument(
        "--sounds", type=int, default=330, help="how many can be heard (default: %(default)s)"
    )
    pack.add_argument("--seed", type=int, default=0, help="of the choice (default: %(default)s)")


def _nsynth(
    options: argparse.Namespace,
    *,
    archives: Mapping[str, Archive],
    official: str,
    patience: Patience | None,
) -> int:
    splits = _splits(options)
    from utils.notes.prepare import NsynthFolder

    folder = NsynthFolder(
        options.out.absolute(),
        mirrors=options.mirror,
        archives=archives,
        official=official,
        patience=patience or Patience(),
        progress=not options.quiet,
        workers=options.workers,
    )
    folder.check_space(splits, stores=options.build_store)
    for split in splits:
        begin = time.monotonic()
        if options.build_store:
            store = folder.store(split)
            _print_store(store, split, folder, seconds=time.monotonic() - begin)
        else:
            print(f"{split}: {folder.sounds(split)}")
    if options.class_pack is not None:
        _class_pack(options, folder)
    if options.build_store and not options.keep_archive:
        for split in splits:
            folder.remove_archive(split)
    return 0


def _splits(options: argparse.Namespace) -> list[str]:
    """Return the splits to get, each once, or raise ParameterError."""
    if options.class_pack is None:
        return list(dict.fromkeys(options.split or ["valid", "test"]))
    if "test" in (options.split or []):
        raise ParameterError(
            "a class pack is made from train and valid only: the notes of test are what "
            "homework may be graded on, so leave --split test out"
        )
    if not options.build_store:
        raise ParameterError("a class pack needs the stores: leave --no-build-store out")
    if options.split and {*options.split} != {"train", "valid"}:
        raise ParameterError("a class pack needs both train and valid: leave --split out")
    return ["train", "valid"]


def _class_pack(options: argparse.Namespace, folder: "NsynthFolder") -> None:
    from utils.notes.class_pack_builder import PackSource, build_class_pack

    out = (options.pack_out or folder.path / "class-pack").absolute()
    begin = time.monotonic()
    sources = {
        split: PackSource(folder.store(split), partial(folder.sounds, split))
        for split in ("train", "valid")
    }
    index = build_class_pack(
        sources,
        out,
        n_notes=options.class_pack,
        n_sounds=options.sounds,
        seed=options.seed,
        progress=not options.quiet,
    )
    seconds = time.monotonic() - begin
    print(f"\n{index.name}: {index.archive.size / 1e6:.1f} MB in {out} ({seconds:.0f} s)")
    _print_counts(index.counts)
    print(
        f"Put the two files on any web server (to try it: python -m http.server -d {out}).\n"
        "Students then run: python -m utils.notes fetch ADDRESS"
    )


def _fetch(options: argparse.Namespace, *, patience: Patience | None) -> int:
    from utils.notes.class_pack import fetch_class_pack, pack_sounds
    from utils.notes.class_pack_index import INDEX, PackIndex

    store = fetch_class_pack(
        options.url, out=options.out, patience=patience, progress=not options.quiet
    )
    index = PackIndex.parse((store.path.parent / INDEX).read_bytes(), INDEX)
    print(
        f"{index.name} ({index.licence}), {len(pack_sounds(store))} sounds, in {store.path.parent}"
    )
    _print_counts(index.counts)
    print(
        "In a notebook: from utils.notes.class_pack import fetch_class_pack; "
        f"store = fetch_class_pack({options.url!r}); store.split('train')"
    )
    return 0


def _print_store(store: "NoteStore", split: str, folder: "NsynthFolder", *, seconds: float) -> None:
    counts = store.manifest["counts"]
    print(
        f"{split}: {counts['notes']} notes of {counts['instruments']} instruments in "
        f"{store.path} ({seconds:.0f} s)"
    )
    empty = [family for family, n in counts["families"].items() if n == 0]
    if empty:
        print(f"  no notes of {', '.join(empty)}")
    skipped = folder.skipped.get(split, [])
    for _, reason in skipped[:3]:
        print(f"  left out: {reason}")
    if len(skipped) > 3:
        print(f"  … and {len(skipped) - 3} more broken notes")


def _print_counts(counts: Mapping[str, Mapping[str, object]]) -> None:
    for split, count in counts.items():
        print(f"  {split:10} {count['notes']:>6} notes of {count['instruments']:>4} instruments")


if __name__ == "__main__":
    sys.exit(main())
