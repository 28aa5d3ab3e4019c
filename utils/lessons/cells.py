"""The names that a lecture's notebook imports, in one line."""

from utils.lessons.checking import check
from utils.lessons.hints import hint
from utils.lessons.predict import compare, predict
from utils.lessons.progress import progress
from utils.lessons.self_check import self_check

__all__ = ["check", "compare", "hint", "predict", "progress", "self_check"]
