"""What ``run_autograder`` calls in the grading machine."""

import sys

from grader.autograder.grading import main

sys.exit(main(sys.argv[1:]))
