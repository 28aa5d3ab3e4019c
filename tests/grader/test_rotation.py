"""The grader scores what a model knows, and nothing else: with wrong labels it is at chance."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grader.assignment import load_assignment
from grader.hidden_split import build_hidden
from grader.model_tests import ModelTests, model_test_source
from grader.sandbox.parent import Sandbox
from grader.scoring import Scorer
from utils.models.lecture_cnn import LectureCNN
from utils.notes.embedded import load_notes
from utils.notes.vocabulary import N_FAMILIES
from utils.submission.export import export_model
from utils.submission.practice import run_practice
from utils.training.fit import fit


@pytest.mark.slow
def test_rotated_labels_take_a_trained_model_down(tmp_path: Path) -> None:
    notes = load_notes()
    torch.manual_seed(0)
    model = LectureCNN()
    fit(
        model,
        notes.split("train"),
        notes.split("validation"),
        epochs=1,
        generator=torch.Generator().manual_seed(0),
        history_path=None,
        progress=False,
    )
    content = export_model(model)
    hidden = build_hidden(["demo"], tmp_path / "hidden", progress=False)
    assignment = load_assignment("hw3_nsynth_cnn")
    tests = ModelTests(model_test_source(assignment), assignment)
    practice = notes.split("practice")
    scorer = Scorer(assignment, hidden, practice, tests)
    # these labels are public, so this works on any system
    with Sandbox(slot=44, policy="none") as sandbox:
        repeats = scorer.repeats(content)
        run = sandbox.run(content, scorer.mels, repeats, limits=assignment.limits)
    marks = scorer.mark(run)
    assert marks.score.value > 0.2
    # the notebook's score is the page's
    assert marks.practice == run_practice(content, practice).score
    for steps in range(1, N_FAMILIES):
        rotated = replace(hidden, families=(hidden.families + steps) % N_FAMILIES)
        turned = Scorer(assignment, rotated, practice, tests).mark(run).score.value
        # on average over all rotations it is (1 - score) / 10; one alone is a confusion
        assert turned < (marks.score.value if steps > 1 else 1 / N_FAMILIES + 0.03)
