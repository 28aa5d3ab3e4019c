"""A prediction is locked, kept, shown again and compared; so are the answers of a self-check."""

import pytest

from tests.widgets.run_node import run_node
from utils.errors import ParameterError
from utils.lessons import self_check as module
from utils.lessons.predict import compare, predict
from utils.lessons.progress import progress
from utils.lessons.self_check import load_questions, self_check
from utils.lessons.store import recall, remember

VIEW = "application/vnd.jupyter.widget-view+json"


def parts(box):
    """Return the entry, both buttons and the status of a prediction."""
    _, entry, buttons, status, _ = box.children
    return entry, *buttons.children, status


def number():
    return predict("O2.limit", "From which rate on?", low=0, high=5, unit="Hz")


def choice():
    return predict("L3.pull", "Which one?", choices=["mean", "median"])


def test_a_number_is_locked_and_shown_after_a_restart():
    entry, lock, again, status = parts(number())
    assert again.layout.display == "none"
    entry.value = "0,25"
    lock.click()
    assert recall("predictions")["O2.limit"]["answer"] == 0.25
    assert entry.disabled
    assert lock.disabled
    assert "Locked: 0.25 Hz" in status.value
    assert "aria-live" in status.value
    entry, lock, again, status = parts(number())
    assert entry.value == "0.25"
    assert entry.disabled
    assert again.layout.display == ""


@pytest.mark.parametrize("text", ["", "much", "7", "-1", "nan", "inf"])
def test_what_is_no_answer_is_not_locked(text):
    entry, lock, _, status = parts(number())
    entry.value = text
    lock.click()
    assert recall("predictions") == {}
    assert "a number from 0 to 5 Hz" in status.value


def test_a_choice_must_be_made_and_can_be_changed():
    entry, lock, again, status = parts(choice())
    lock.click()
    assert "Expected mean / median" in status.value
    entry.value = "mean"
    lock.click()
    again.click()
    assert not entry.disabled
    assert status.value == ""
    assert compare("L3.pull", "median").title == "You have not locked a prediction yet"
    entry.value = "median"
    lock.click()
    assert recall("predictions")["L3.pull"] == {"answer": "median", "first": "mean"}


def test_an_answer_that_is_no_longer_possible_is_dropped():
    remember("predictions", "L3.pull", {"answer": "mode"})
    remember("predictions", "O2.limit", {"answer": 50})
    assert not parts(choice())[0].disabled
    assert not parts(number())[0].disabled


def test_without_a_front_end_there_is_text():
    bundle = number()._repr_mimebundle_()
    assert VIEW in bundle
    assert bundle["text/plain"] == "Predict: From which rate on?\na number from 0 to 5 Hz"
    assert "Decide before you read on" in bundle["text/html"]
    remember("predictions", "O2.limit", {"answer": 2})
    assert "Locked: 2 Hz" in number()._repr_mimebundle_()["text/html"]
    assert "Locked: 2 Hz" in repr(number())


@pytest.mark.parametrize("box", [number, lambda: self_check("01")])
def test_a_box_keeps_shortcuts_out(box):
    assert "course-lesson" in box()._dom_classes
    assert "data-lm-suppress-shortcuts" in box().children[-1]._esm


def test_a_box_brings_its_font():
    assert "sans-serif" in number().children[-1]._css


@pytest.mark.parametrize(
    ("manager", "shown"),
    [
        ({"kernel": 1, "loader": 1}, False),
        ({"comms": 1}, False),
        ({"loader": 1}, True),
        (None, True),
    ],
    ids=["JupyterLab", "another front end", "static page", "none"],
)
def test_a_box_says_that_there_is_no_kernel(tmp_path, manager, shown):
    (tmp_path / "box.mjs").write_text(number().children[-1]._esm)
    body = """
    globalThis.MutationObserver = class { observe() {} disconnect() {} };
    const box = { querySelectorAll: () => [] };
    const classList = { add() {} };
    const el = { style: {}, textContent: "", classList, closest: () => box };
    const module = await import(new URL("box.mjs", import.meta.url));
    module.default.render({ model: { widget_manager: data }, el })();
    result = [el.textContent, el.style.display ?? ""];
    """
    text, display = run_node(tmp_path, {}, body, manager)
    assert ("page without a kernel" in text) == shown
    assert (display == "none") != shown


@pytest.mark.parametrize(
    ("answer", "truth", "kind", "title"),
    [
        (0.2, 0.2, "right", "As you predicted"),
        (0.19, 0.2, "right", "Close to"),
        (0.1, 0.2, "info", "More than you predicted"),
        (0.4, 0.2, "info", "Less than you predicted"),
        (-0.1, 0.0, "info", "More than you predicted"),
        ("mean", "mean", "right", "As you predicted"),
        ("mean", "median", "info", "Different from"),
    ],
)
def test_comparison_is_kind_and_true(answer, truth, kind, title):
    remember("predictions", "k", {"answer": answer})
    note = compare("k", truth, explain="Because.", unit="Hz")
    assert note.kind == kind
    assert note.title.startswith(title)
    assert "Because." in repr(note)
    assert str(truth).rstrip("0").rstrip(".") in repr(note)


def test_without_a_prediction_the_truth_is_folded():
    page = compare("k", 2.0, explain="Because.")._repr_html_()
    assert page.index("<details>") < page.index("2. Because.") < page.index("</details>")


@pytest.mark.parametrize(
    "options", [{"choices": ["a"]}, {"choices": ["a", "a"]}, {"low": 1, "high": 1}]
)
def test_bad_questions_are_refused(options):
    with pytest.raises(ParameterError, match="expected"):
        predict("k", "?", **options)


@pytest.mark.parametrize("lecture", sorted(path.stem for path in module.FOLDER.glob("*.toml")))
def test_questions_are_as_they_should_be(lecture):
    questions = load_questions(lecture)
    places = {next(i for i, c in enumerate(q.choices) if c.right) for q in questions}
    assert len(places) > 1, "the right answer is always at the same place"
    for question in questions:
        assert len({choice.text for choice in question.choices}) == len(question.choices)
        assert all(choice.feedback.endswith((".", "!")) for choice in question.choices)


def radios(box):
    return [child for child in box.children if hasattr(child, "index")]


def test_self_check_gives_feedback_and_is_kept():
    box = self_check("01")
    questions = load_questions("01")
    right = next(i for i, c in enumerate(questions[0].choices) if c.right)
    radios(box)[0].index = right
    assert "Right." in box.children[2].value
    radios(box)[1].index = next(i for i, c in enumerate(questions[1].choices) if not c.right)
    assert "Not quite." in box.children[5].value
    assert "1 of 5 right, 2 answered" in box.children[-2].value
    assert recall("self_checks")["01"]["right"] == 1
    assert progress().lectures[1].self_check == 1
    again = self_check("01_losses")
    assert radios(again)[0].index == right
    assert "Right." in again.children[2].value
    radios(again)[0].index = (right + 1) % 3
    assert recall("self_checks")["01"]["right"] == 0


@pytest.mark.parametrize("answers", [{"0": "a text that is gone"}, [1], "x"])
def test_answers_that_no_longer_fit_are_dropped(answers):
    remember("self_checks", "01", {"answers": answers, "right": 1})
    assert all(radio.index is None for radio in radios(self_check("01")))


def test_self_check_without_a_front_end():
    bundle = self_check("02")._repr_mimebundle_()
    assert bundle["text/html"].count("<details>") == 5
    assert bundle["text/plain"].count("( )") >= 15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("right = true", "right = false"), "one right one"),
        (lambda text: text.rsplit("[[question]]", 1)[0], "got 4"),
    ],
)
def test_bad_question_files_are_refused(tmp_path, monkeypatch, change, words):
    text = (module.FOLDER / "01_losses.toml").read_text()
    (tmp_path / "01_losses.toml").write_text(change(text))
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ParameterError, match=words):
        load_questions("01")
    with pytest.raises(ParameterError, match="no 02_gradient"):
        self_check("02")
