"""``python -m grader hidden build`` and ``hidden show``."""

import argparse
import sys
from collections.abc import Sequence

from grader.hidden_split import HiddenSplit, build_hidden

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run a verb of ``hidden``; return the exit code."""
    options = _parser().parse_args(argv)
    if options.verb == "build":
        split = build_hidden(
            options.sources,
            options.out,
            training=options.train,
            secret_file=options.secret_file,
            allow_domain_shift=options.allow_domain_shift,
            n_notes=options.notes,
            force=options.force,
        )
        print(f"Hidden split written to {options.out}")
    else:
        split = HiddenSplit.open(options.hidden)
    _show(split)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader hidden",
        description="Draw the notes that students must not know, or say what is in them.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    build = verbs.add_parser("build", help="draw a hidden split")
    build.add_argument(
        "--from",
        dest="sources",
        nargs="+",
        required=True,
        metavar="SOURCE",
        help="demo | nsynth:PATH | folder:PATH | soundfont:PATH [PATH …]",
    )
    build.add_argument("--out", required=True, metavar="HIDDEN", help="the new folder")
    build.add_argument(
        "--train",
        nargs="+",
        default=(),
        metavar="STORE",
        help="stores that students train on (default: the embedded notes)",
    )
    build.add_argument("--secret-file", metavar="F", help="decides the order (default: a new one)")
    build.add_argument("--notes", type=int, metavar="N", help="at most N notes, balanced")
    build.add_argument(
        "--allow-domain-shift",
        action="store_true",
        help="accept notes of another kind than students train on",
    )
    build.add_argument("--force", action="store_true", help="replace a hidden split")
    show = verbs.add_parser("show", help="print counts, never labels of single notes")
    show.add_argument("hidden", metavar="HIDDEN", help="the folder of `hidden build`")
    return parser


def _show(split: HiddenSplit) -> None:
    """Print what the manifest says."""
    counts = split.manifest["counts"]
    print(f"  id        {split.id[:16]}")
    print(f"  source    {split.manifest['source']} (kind {split.manifest['kind']})")
    print(f"  notes     {counts['notes']} of {counts['groups']} instrument groups")
    print(f"  halves    {counts['halves']['public']} public, {counts['halves']['private']} private")
    for family, count in counts["families"].items():
        print(f"  {family:<12}{count or 'none: its recall will be n/a'}")
    if split.manifest["skipped"]:
        print(f"  {split.manifest['skipped']} notes could not be read and are left out")
    if split.manifest["domain_shift"]:
        print("  NOTE: another kind of notes than students train on, as you asked")
    if split.manifest["public"]:
        print(
            "WARNING: these notes and their labels are PUBLIC. Good for a demonstration or a dry "
            "run;\n         for a real class use private notes (--from folder:… or soundfont:…).",
            file=sys.stderr,
        )
