"""What ``run_autograder`` calls in the grading machine."""

import sys

# otter loads jsonschema, which builds a parser of web addresses with this if it is there: a
# second of the processor, two on half a one, for what nobody asks here
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

from grader.autograder.grading import main  # noqa: E402 (after the above)

sys.exit(main(sys.argv[1:]))
