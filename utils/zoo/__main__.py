"""``python -m utils.zoo``: rows of the zoo, and checkpoints."""

import argparse
import json

import torch

from utils.zoo.claims import load_claims
from utils.zoo.results import load_results
from utils.zoo.run import NAMES, train_checkpoint
from utils.zoo.update import update

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line if not given.
    """
    parser = argparse.ArgumentParser(prog="python -m utils.zoo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a network and store its weights")
    train.add_argument("name")
    train.add_argument("--seed", type=int, default=0)
    run = commands.add_parser("run", help="make rows of the table again")
    run.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    run.add_argument("--all", action="store_true", help="all rows that are missing or stale")
    run.add_argument("--seeds", type=int, default=2, help="so many runs of every model")
    commands.add_parser("show", help="print the table and the claims")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # the seconds of the table are those of one thread
    if options.command == "train":
        print(json.dumps(train_checkpoint(options.name, seed=options.seed), indent=1))
    elif options.command == "run":
        if options.all == bool(options.names):
            parser.error("name models, or say --all")
        print(update(options.names or NAMES, seeds=options.seeds, again=not options.all))
    else:
        print(load_results())
        print(*load_claims(), sep="\n")


if __name__ == "__main__":
    main()
