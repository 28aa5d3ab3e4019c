"""Exercises of lecture 07 on what came before CNNs, and on their first years."""

from collections.abc import Sequence

import torch

from utils.lessons.exercise import Case, Exercise, Mistake
from utils.models.back_ends import StatisticsPooling
from utils.reference.codebook import codebook_histogram
from utils.reference.kmeans import assign, update_centers
from utils.reference.softmax import softmax

__all__ = ["EXERCISES"]


def _random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _frames_and_codebook() -> Sequence[Case]:
    line = torch.tensor([[0.1], [0.2], [0.9], [5.2], [4.9], [0.0], [1.2], [0.3]])
    return [
        Case((line, torch.tensor([[0.0], [1.0], [5.0], [9.0]])), "8 frames, 4 words"),
        Case((_random(10, 3, seed=0), _random(4, 3, seed=1)), "10 frames of 3 numbers, 4 words"),
    ]


HISTOGRAM = Exercise(
    key="M1.codebook_histogram",
    task="Return the share of the frames that have each word of the codebook as their nearest.",
    solution="""\
def codebook_histogram(frames, codebook):
    distances = torch.cdist(frames, codebook)
    words = distances.argmin(1)
    counts = torch.bincount(words, minlength=len(codebook))
    return counts / len(frames)
""",
    reference=codebook_histogram,
    cases=_frames_and_codebook,
    hints=(
        "Three steps: how far is each frame from each word, which word is nearest, how often.",
        "`torch.cdist(frames, codebook)` gives the distances; `argmin(1)` the nearest word of "
        "each frame.",
        "`torch.bincount(words, minlength=len(codebook))` counts; divide by the number of frames.",
    ),
    mistakes=(
        Mistake("These are counts: divide by the number of frames.", " / len(frames)", ""),
        Mistake(
            "You divide by the number of words: divide by the number of frames.",
            "/ len(frames)",
            "/ len(codebook)",
        ),
        Mistake("You take the farthest word, not the nearest.", "argmin", "argmax"),
        Mistake(
            "You ask each word for its nearest frame; each frame must choose its word.",
            "argmin(1)",
            "argmin(0)",
        ),
        Mistake(
            "Words that never occur at the end of the codebook are missing: all notes need a "
            "histogram of the same length.",
            ", minlength=len(codebook)",
            "",
        ),
    ),
)


def _kmeans_step(points: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    return update_centers(points, assign(points, centers), centers)


def _points_and_centers() -> Sequence[Case]:
    line = torch.tensor([[0.0], [1.0], [2.0], [8.0], [10.0]])
    return [
        Case((line, torch.tensor([[0.0], [9.0]])), "5 points on a line, 2 centers"),
        Case((_random(12, 2, seed=2), _random(12, 2, seed=2)[:3] + 0.1), "12 points, 3 centers"),
    ]


KMEANS = Exercise(
    key="M2.kmeans_step",
    task="Return the centers after one step of K-means: assign, then average.",
    solution="""\
def kmeans_step(points, centers):
    nearest = torch.cdist(points, centers).argmin(1)
    new = []
    for k in range(len(centers)):
        new.append(points[nearest == k].mean(0))
    return torch.stack(new)
""",
    reference=_kmeans_step,
    cases=_points_and_centers,
    hints=(
        "First every point looks for its nearest center, then every center moves.",
        "`nearest = torch.cdist(points, centers).argmin(1)`; the points of center k are "
        "`points[nearest == k]`.",
        "For each k take `points[nearest == k].mean(0)`, and `torch.stack` all of them.",
    ),
    mistakes=(
        Mistake(
            "That is the sum of the points: a center is their mean.",
            ".mean(0)",
            ".sum(0)",
        ),
        Mistake(
            "You average all numbers of a cluster: average its points, feature by feature.",
            ".mean(0)",
            ".mean()",
        ),
        Mistake("Points go to the farthest center: take the nearest.", "argmin", "argmax"),
        Mistake(
            "Every center got the mean of all points: take only its own.",
            "points[nearest == k]",
            "points",
        ),
        Mistake("These are the points of all other centers.", "nearest == k", "nearest != k"),
        Mistake(
            "These are points: return the mean of all points of each center.",
            "torch.stack(new)",
            "points[torch.cdist(points, centers).argmin(0)]",
        ),
        Mistake("Nothing has moved: return the new centers.", "torch.stack(new)", "centers"),
    ),
)


def _contrastive(
    v_data: torch.Tensor, h_data: torch.Tensor, v_dream: torch.Tensor, h_dream: torch.Tensor
) -> torch.Tensor:
    seen = torch.einsum("nh,nv->hv", h_data, v_data)
    dreamt = torch.einsum("nh,nv->hv", h_dream, v_dream)
    return (seen - dreamt) / v_data.shape[0]


def _rbm_cases() -> Sequence[Case]:
    def case(n: int, visible: int, hidden: int, seed: int) -> Case:
        bits = torch.Generator().manual_seed(seed)
        sizes = (visible, hidden, visible, hidden)
        tensors = [torch.rand(n, size, generator=bits) for size in sizes]
        return Case(tuple(tensors), f"{n} notes, {visible} visible units, {hidden} hidden ones")

    return [case(5, 4, 3, 0), case(2, 3, 3, 1)]


CONTRASTIVE = Exercise(
    key="M3.contrastive_gradient",
    task="Return the RBM's weight step (hidden, visible): pairs in the data minus in the dream.",
    solution="""\
def contrastive_gradient(v_data, h_data, v_dream, h_dream):
    data = h_data.T @ v_data
    dream = h_dream.T @ v_dream
    return (data - dream) / len(v_data)
""",
    reference=_contrastive,
    cases=_rbm_cases,
    hints=(
        "For one note, `h[j] * v[i]` says whether hidden unit j and visible unit i are on "
        "together. All pairs at once are a matrix.",
        "`h_data.T @ v_data` sums these matrices over the notes. Do the same for the dream.",
        "`(h_data.T @ v_data - h_dream.T @ v_dream) / len(v_data)`.",
    ),
    mistakes=(
        Mistake(
            "The sign is wrong: raise what the data show, lower what the net dreams.",
            "data - dream",
            "dream - data",
        ),
        Mistake("That is the sum over the notes: take the mean.", " / len(v_data)", ""),
        Mistake(
            "The dream is missing: without it all weights would grow forever.", "data - dream",
            "data",
        ),
        Mistake(
            "Your matrix is (visible, hidden): turn it round.",
            "(data - dream) / len(v_data)",
            "((data - dream) / len(v_data)).T",
        ),
        Mistake("You add the dream: subtract it.", "data - dream", "data + dream"),
        Mistake(
            "The hidden units of the dream belong to the dream: use h_dream there.",
            "h_dream.T @",
            "h_data.T @",
        ),
    ),
)  # fmt: skip


def _view_cases() -> Sequence[Case]:
    sure = torch.tensor([[[4.0, 0.0, 0.0]], [[0.0, 0.5, 0.4]], [[0.0, 0.5, 0.4]]])
    return [
        Case((sure, ), "3 views of a note, 3 classes; one view is sure"),
        Case((3 * _random(4, 2, 5, seed=3),), "4 views of 2 notes, 5 classes"),
    ]  # fmt: skip


def _test_time_average(logits: torch.Tensor) -> torch.Tensor:
    return torch.stack([softmax(view) for view in logits]).mean(0)


AVERAGE = Exercise(
    key="M4.test_time_average",
    task="Return the views' mean probabilities; the logits are (views, notes, classes).",
    solution="""\
def test_time_average(logits):
    probs = torch.softmax(logits, dim=2)
    return probs.mean(0)
""",
    reference=_test_time_average,
    cases=_view_cases,
    hints=(
        "AlexNet averaged what the softmax gave, not what went into it.",
        "Softmax along the classes (the last axis), then the mean along the views (the first).",
        "`torch.softmax(logits, dim=2).mean(0)`.",
    ),
    mistakes=(
        Mistake(
            "You average logits, then take the softmax: that is another mean. Softmax first.",
            "    probs = torch.softmax(logits, dim=2)\n    return probs.mean(0)",
            "    return torch.softmax(logits.mean(0), dim=1)",
        ),
        Mistake("The softmax runs along the views: the classes are axis 2.", "dim=2", "dim=0"),
        Mistake("The softmax runs along the notes: the classes are axis 2.", "dim=2", "dim=1"),
        Mistake("That is the mean of the logits: softmax is missing.", "probs.mean", "logits.mean"),
        Mistake("That is the sum over the views: take the mean.", ".mean(0)", ".sum(0)"),
        Mistake("You average over the notes: the views are axis 0.", ".mean(0)", ".mean(1)"),
        Mistake(
            "That is the largest probability of any view: take the mean.", ".mean(0)", ".amax(0)"
        ),
    ),
)


def _statistics(maps: torch.Tensor) -> torch.Tensor:
    return StatisticsPooling(maps.shape[1])(maps)


STATISTICS = Exercise(
    key="M5.statistics_pooling",
    task="Return mean, maximum and root mean square of all maps: (notes, 3 · channels).",
    solution="""\
def statistics_pooling(maps):
    mean = maps.mean(dim=(2, 3))
    largest = maps.amax(dim=(2, 3))
    rms = maps.square().mean(dim=(2, 3)).sqrt()
    return torch.cat([mean, largest, rms], dim=1)
""",
    reference=_statistics,
    cases=lambda: [
        Case((_random(2, 3, 4, 5, seed=4),), "2 notes, 3 maps of 4 × 5"),
        Case((_random(4, 2, 1, 6, seed=5).abs(),), "4 notes, 2 maps of 1 × 6"),
    ],
    hints=(
        "Three numbers for a map, each over all its cells: axes 2 and 3.",
        "`maps.mean(dim=(2, 3))`, `maps.amax(dim=(2, 3))`, and the root of the mean square.",
        "Put the three beside each other by `torch.cat([…], dim=1)`.",
    ),
    mistakes=(
        Mistake("The root is missing: that is the mean square.", ".sqrt()", ""),
        Mistake(
            "That is the root of the sum: with the mean it doesn't grow with the note's length.",
            "square().mean(",
            "square().sum(",
        ),
        Mistake(
            "The order is mean, maximum, root mean square.",
            "[mean, largest, rms]",
            "[largest, mean, rms]",
        ),
        Mistake(
            "The square is missing: positive and negative cells cancel, and roots of negative "
            "numbers don't exist.",
            "maps.square().mean(dim=(2, 3)).sqrt()",
            "maps.mean(dim=(2, 3)).sqrt()",
        ),
        Mistake("You took the smallest cell of each map: take the largest.", "amax", "amin"),
        Mistake(
            "The three stand on an axis of their own: put them side by side, as 3 · channels.",
            "torch.cat([mean, largest, rms], dim=1)",
            "torch.stack([mean, largest, rms])",
        ),
        Mistake(
            "You stack the notes on top of each other: features go side by side, dim=1.",
            "dim=1",
            "dim=0",
        ),
        Mistake(
            "Only the time axis is pooled: pool the bands, too.",
            "dim=(2, 3)",
            "dim=3",
        ),
    ),
)

EXERCISES = (HISTOGRAM, KMEANS, CONTRASTIVE, AVERAGE, STATISTICS)
