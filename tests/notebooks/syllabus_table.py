"""Which rows a lecture teaches, and which parts each row must have.

``star``: one of the rows that every student walks; the others are in *Go further*. A row
always has an explanation; ``play`` and ``code`` say whether it has those, too. A row with
code has the parts code, check and solution.
"""

from typing import NamedTuple

CODE_PARTS = ("code", "check", "solution")
PARTS = ("explain", "predict", "play", *CODE_PARTS)


class Row(NamedTuple):
    """One row of the syllabus."""

    star: bool = True
    play: bool = True
    code: bool = True

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that the lecture must have for this row."""
        play = ("play",) if self.play else ()
        return ("explain", *play, *(CODE_PARTS if self.code else ()))


CORE = Row()
FURTHER = Row(star=False)
NO_CODE = Row(code=False)

ROWS: dict[str, dict[str, Row]] = {
    "00_neural_networks": {"N0": NO_CODE, "N1": CORE, "N2": CORE, "N4": CORE, "N3": FURTHER},
    "01_losses": {
        "L1": NO_CODE,
        "L2": CORE,
        "L3": CORE,
        "L4": CORE,
        "L5": CORE,
        "L6": CORE,
        "L7": FURTHER,
        "L8": CORE,
        "L9": FURTHER,
    },
    "02_gradient_descent": {
        "G1": FURTHER,
        "G2": CORE,
        "G3": CORE,
        "G4": NO_CODE,
        "G5": CORE,
        "G6": CORE,
        "G7": FURTHER,
        "G8": FURTHER,
    },
    "03_optimizers": {
        "O1": FURTHER,
        "O2": NO_CODE,
        "O3": CORE,
        "O4": FURTHER,
        "O5": CORE,
        "O6": Row(star=False, play=False),
        "O7": FURTHER,
        "O8": CORE,
        "O9": CORE,
        "O10": FURTHER,
        "O11": FURTHER,
    },
    "04_overfitting": {
        "F1": CORE,
        "F2": CORE,
        "F3": FURTHER,
        "F4": CORE,
        "F5": NO_CODE,
        "F6": CORE,
        "F7": CORE,
        "F8": FURTHER,
        "F9": FURTHER,
        "F10": Row(star=False, code=False),
    },
    "05_cnns": {
        "C1": Row(play=False, code=False),
        "C2": CORE,
        "C3": FURTHER,
        "C4": CORE,
        "C5": CORE,
        "C6": CORE,
        "C7": CORE,
        "C8": CORE,
        "C9": FURTHER,
    },
    # The code of H3 is homework 3 itself.
    "06_nsynth": {"H1": CORE, "H2": CORE, "H4": NO_CODE, "H3": NO_CODE},
    "07_music_classification": {
        "M1": FURTHER,
        "M2": FURTHER,
        "M3": FURTHER,
        "M4": FURTHER,
        "M5": CORE,
        "M6": CORE,
        "M7": CORE,
        "M8": CORE,
        "M9": FURTHER,
        "M10": FURTHER,
        "M11": CORE,
    },
}

MOST_CELLS = 40
FEWEST_CELLS = {"00_neural_networks": 15}  # a short warm-up
FEWEST_CELLS_OTHERWISE = 25
