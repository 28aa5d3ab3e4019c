"""What ``nbgrader_config.py`` of a course sets.

nbgrader's ``autograde`` runs submissions, as the user who owns the gradebook: student code
could rewrite every grade. Here it must not, and three things hold that independently:

1. the steps of ``autograde`` don't contain the one that runs cells;
2. that step is switched off, in ``nbgrader_config.py`` itself, before anything is imported;
3. the gradebook names a kernel that does not exist for these notebooks, so that nothing
   can be run even if the configuration is lost or broken.
"""

import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LimitOutput,
    LockCells,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)

from grader.nbgrader_course.cleaning import CleanSubmission
from grader.nbgrader_course.collecting import SafeExtractor

__all__ = ["NO_KERNEL", "ForbidKernel", "configure"]

NO_KERNEL = "submissions-are-not-run"
"""Name of the kernel that does not exist."""


class ForbidKernel(NbGraderPreprocessor):
    """A step of ``generate_assignment``: the gradebook gets the kernel that does not exist.

    The released notebook keeps its own.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook as it is."""
        names = resources["nbgrader"]
        kernel = {"name": NO_KERNEL, "display_name": NO_KERNEL, "language": "python"}
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(names["notebook"], names["assignment"])
            notebook.kernelspec = json.dumps(kernel)
            gradebook.db.commit()
        return nb, resources


def configure(c: Any, config_file: str) -> None:
    """Set up a course.

    Parameters
    ----------
    c : traitlets Config
    config_file : str
        Path of ``nbgrader_config.py``; the course lies beside it.
    """
    course = Path(config_file).resolve().parent
    c.CourseDirectory.root = str(course)
    c.CleanSubmission.course = str(course)
    # 1. no Execute among the steps; outputs stay as the students saved them
    c.Autograde.sanitize_preprocessors = [
        CleanSubmission,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    # late days are counted once, with the automatic points
    c.Autograde.autograde_preprocessors = [LimitOutput, SaveAutoGrades, CheckCellMetadata]
    _configure_release(c)
    c.ZipCollectApp.extractor_plugin = SafeExtractor
    c.FileNameCollectorPlugin.named_regexp = (
        r".*[/\\]extracted[/\\](?P<student_id>[^/\\]+)[/\\](?P<file_id>[^/\\]+)$"
    )


def _configure_release(c: Any) -> None:
    """Say what ``generate_assignment`` does."""
    # nothing of a source is run either, so headers, test templates and hidden tests stay away
    c.GenerateAssignment.preprocessors = [
        LockCells,
        ClearSolutions,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        ForbidKernel,
        CheckCellMetadata,
    ]
    # an answer's prompt stands above the region that is cut out
    c.ClearSolutions.code_stub = {"python": ""}
    c.ClearSolutions.text_stub = ""
