"""A class of 40 zips with notebooks, on two jobs; beside it, stock otter on some of them."""

from tests.bench import batch, stock_otter
from tests.bench.classes import lent_class
from tests.bench.memory import Measured
from tests.bench.tables import print_table

JOBS = 2
WANTED_MINUTES = 5


def run(*, small: bool) -> None:
    """Grade a class both ways, and print what a submission takes."""
    number, by_otter = (2, 0) if small else (40, 4)
    with lent_class(number, n_notes=88 if small else 1024) as (paths, hidden):
        ours = batch.grade(paths[0].parent, hidden, jobs=JOBS, notebooks=True)
        rows = [_row(f"this grader, {JOBS} jobs", number, ours)]
        if by_otter:
            rows.append(_row("stock otter, notebook only", by_otter, stock_otter.grade(paths[:4])))
    outcomes = ", ".join(f"{n} {what}" for what, n in sorted(ours.outcomes.items()))
    print_table(
        f"A class of {number}: {outcomes}",
        ("", "zips", "s", "s a zip", "CPU-s a zip", "peak MB"),
        rows,
        f"Wanted: 40 zips in {WANTED_MINUTES} minutes on two processors.",
        "Stock otter has no sandbox, no time limit and no model on hidden notes; tests share a "
        "kernel with student code. Neither runs cells that train.",
    )


def _row(name: str, number: int, found: Measured) -> tuple[str, ...]:
    return (
        name,
        str(number),
        f"{found.seconds:.1f}",
        f"{found.seconds / number:.2f}",
        f"{found.cpu_seconds / number:.2f}",
        f"{found.peak_mb:.0f}",
    )
