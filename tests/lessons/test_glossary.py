"""The glossary: links that resolve, few words, terms that are found, numbers that are right."""

import math
import re
from pathlib import Path

import pytest
import torch

TEXT = (Path(__file__).parents[2] / "lectures" / "glossary.md").read_text(encoding="utf-8")
TERMS = dict(re.findall(r"^### (.+)\n((?:(?!#).+\n|\n)*)", TEXT, re.MULTILINE))


def test_headings_are_their_anchors():
    """Lower case and no punctuation: the anchor is the same on GitHub and in JupyterLab."""
    headings = re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)
    assert len(set(headings)) == len(headings)
    assert all(re.fullmatch(r"[a-z0-9-]+( [a-z0-9-]+)*", heading) for heading in headings)


def test_links_resolve():
    anchors = {h.replace(" ", "-") for h in re.findall(r"^##+ (.+)$", TEXT, re.MULTILINE)}
    links = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert links
    assert set(links) <= anchors


@pytest.mark.parametrize("term", TERMS)
def test_a_term_has_few_words(term):
    n_words = len(re.findall(r"\w+", re.sub(r"\(#[^)]*\)", "", TERMS[term])))
    assert 2 <= n_words <= 50


def test_the_worked_example_is_right():
    p = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    frequency = 440 * 2 ** (p / 12)
    loss = (frequency - 440) ** 2
    loss.backward()
    frequency, loss = frequency.detach(), loss.detach()
    raised = (440 * 2 ** (1.001 / 12) - 440) ** 2 - float(loss)
    slopes = (2 * (float(frequency) - 440), float(frequency) * math.log(2) / 12)
    for value, shown in (
        (float(frequency), "466.16"),
        (float(loss), "684.5"),
        (slopes[0], "52.33"),
        (slopes[1], "26.93"),
        (float(p.grad), "1409"),
        (raised, "1.41"),
    ):
        digits = len(shown.partition(".")[2])
        assert f"{value:.{digits}f}" == shown
        assert shown in TEXT
