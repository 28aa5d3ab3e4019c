"""What a student calls before handing in, and what the grader calls afterwards.

=============  =================================================================
``export``     ``export_and_check(model)``: write ``model.onnx``, check, score
``practice``   ``practice_score("model.onnx")``: the score on the practice split
``codes``      every reason for a refusal, with one hint each
``contract``   what a submitted model must be; checks its bytes (onnx)
``inference``  runs it (onnxruntime) and judges its answers
``score``      group-balanced accuracy with its interval, as a ``ModelScore``
``credit``     from a score to points
=============  =================================================================

The grader runs the very same functions, so a model that passes here passes there.
Only ``export`` needs torch.
"""

import os

# Since 1.29, onnxruntime reports its use to its makers unless told not to before it is
# loaded. A course doesn't do that to its students; and a process with the reporter's
# thread in it can't be forked safely.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
