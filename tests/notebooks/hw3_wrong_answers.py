"""Wrong answers to homework 3, and the words with which the public tests must name the mistake.

A wrong answer is the reference solution with one piece of text replaced.
"""

from typing import NamedTuple


class Wrong(NamedTuple):
    """One mistake: in the solution of ``question``, ``right`` is replaced by ``wrong``."""

    question: str
    right: str
    wrong: str
    words: str


WRONG = [
    Wrong("q1_power", "np.fft.rfft", "np.fft.fft", "use np.fft.rfft"),
    Wrong("q1_power", "np.abs(spectrum) ** 2", "np.abs(spectrum)", "square it"),
    Wrong("q1_power", "np.abs(spectrum) ** 2", "spectrum**2", "a real number"),
    Wrong("q1_power", "frames * window", "frames", "window is missing"),
    Wrong("q1_power", "np.fft.rfft(frames * window)", "...", "bad operand"),
    Wrong("q2_log_mel", "10 * np.log10", "20 * np.log10", "not 20 * log10"),
    Wrong("q2_log_mel", "np.log10", "np.log", "natural logarithm"),
    Wrong("q2_log_mel", "decibels - decibels.max()", "decibels", "subtract the maximum"),
    Wrong("q2_log_mel", "decibels.max()", "decibels.max(axis=0)", "one maximum for the whole"),
    Wrong("q2_log_mel", "decibels / 80 + 1", "decibels / 80", "clip to -80...0"),
    Wrong("q2_log_mel", "np.maximum(mel, 1e-10)", "mel", "with np.maximum"),
    Wrong("q2_log_mel", "return picture", "return picture.T", "use filters @ power.T"),
    Wrong("q3_split", "np.unique(groups)", "groups", "half of 4 groups is 2"),
    Wrong(
        "q3_split",
        "np.isin(groups, names[: round(fraction * len(names))])",
        "np.random.default_rng(seed).permutation(len(groups)) < fraction * len(groups)",
        "both sides",
    ),
    Wrong("q3_split", "default_rng(seed)", "default_rng()", "use np.random.default_rng(seed)"),
    Wrong(
        "q3_split",
        "np.flatnonzero(~held_out), np.flatnonzero(held_out)",
        "~held_out, held_out",
        "np.flatnonzero turns marks",
    ),
    Wrong(
        "q3_split",
        "np.flatnonzero(~held_out), np.flatnonzero(held_out)",
        "np.arange(len(groups)), np.flatnonzero(held_out)",
        "are in both parts",
    ),
    Wrong("q4_sizes", "kernel_size**2 + 1)", "kernel_size**2)", "biases are missing"),
    Wrong(
        "q4_sizes",
        "(in_channels * kernel_size**2 + 1)",
        "(kernel_size**2 + 1)",
        "as deep as its input",
    ),
    Wrong("q4_sizes", "kernel_size**2 + 1)", "(kernel_size**2 + 1))", "not one for each map"),
    Wrong("q4_sizes", "kernel_size**2", "kernel_size", "kernel_size * kernel_size"),
    Wrong(
        "q4_sizes", "side // 2**n_blocks", "side // (2 * max(n_blocks, 1))", "halves the side again"
    ),
    Wrong("q4_sizes", "side // 2**n_blocks", "side / 2**n_blocks", "use // instead of /"),
    Wrong("q4_sizes", "[160,", "[144,", "and a bias each"),
    Wrong("q4_sizes", "22539]", "720907]", "the LAST block"),
    Wrong("q5_network", ", padding=1", "", "use padding=1"),
    Wrong("q5_network", "        layers.append(nn.ReLU())\n", "", "one nn.ReLU() in each block"),
    Wrong("q5_network", "        layers.append(nn.MaxPool2d(2))\n", "", "the pooling is missing"),
    Wrong(
        "q5_network",
        "side_after(len(channels)) ** 2",
        "side_after(len(channels))",
        "side * side values",
    ),
    Wrong(
        "q5_network",
        "layers.append(nn.Linear(inputs, 11))",
        "layers += [nn.Linear(inputs, 11), nn.Softmax(dim=1)]",
        "no softmax",
    ),
    Wrong("q6_loop", "        optimizer.zero_grad()\n", "", "pile up"),
    Wrong("q6_loop", "        optimizer.step()\n", "", "no parameter moved"),
    Wrong("q6_loop", "        loss.backward()\n", "", "no parameter moved"),
    Wrong("q6_loop", "    model.train()  # SOLUTION\n", "", "begin with model.train()"),
    Wrong("q6_loop", "loss.item() * len(labels)", "loss.item()", "mean loss"),
    Wrong("q6_loop", "loss.item() *", "loss.detach() *", "plain number"),
    Wrong("q6_loop", "model(inputs)", "model(inputs).softmax(dim=1)", "loss of the logits"),
    Wrong("q6_loop", "        n_notes += len(labels)\n", "", "count the notes"),
    Wrong("q7_stopping", "int(np.argmin(losses)) + 1", "int(np.argmin(losses))", "add 1"),
    Wrong("q7_stopping", "int(np.argmin(losses)) + 1", "min(losses)", "not its loss"),
    Wrong(
        "q7_stopping",
        "            return epoch",
        "            return best_epoch(losses[:epoch])",
        "best epoch",
    ),
    Wrong("q7_stopping", "== patience", "> patience", "used up after epoch 4"),
    Wrong("q7_stopping", "== patience", ">= 1", "not after the first"),
    Wrong("q9_confusion", "    np.fill_diagonal(shares, 0)\n", "", "diagonal"),
    Wrong(
        "q9_confusion",
        "counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)",
        "counts",
        "divide each row by its sum",
    ),
    Wrong("q9_confusion", "int(true), int(wrong)", "int(wrong), int(true)", "true label first"),
    Wrong(
        "q9_confusion",
        "float(shares[true, wrong])",
        "float(counts[true, wrong])",
        "the share is 0.6",
    ),
]

HARD_CODED = {
    "q1_power": "np.array([[0.0] * 4 + [144.0] + [0.0] * 4] * 2)",
    "q2_log_mel": "np.array([[1], [0.375], [0.375]] if len(power) == 1 "
    "else [[1, 0.75], [0.875, 0.5], [0, 0]])",
    "q3_split": "(np.arange(7), np.arange(7, 12))",
}
"""Answers that know only the public tests: the hidden ones must tell."""
