"""Run a submitted model where neither labels nor files of the grader are.

=============  =================================================================
``parent``     ``Sandbox``: what the grader calls; sets limits, judges the reply
``launch``     starts and stops the child: forked from a zygote, or a new process
``zygote``     imports onnxruntime once, then forks a child for each model (Linux)
``child``      in the child: lock down, read the request, run the model, reply
``layers``     what the child gives up before it reads anything of a student
``seccomp``    the system calls that it may still make
``kernel``     calls of Linux that Python lacks: prctl, Landlock
``policy``     which layers must hold, else nothing is graded
``acts``       the forbidden acts of the self-test, in a child; ``thief``: its parent
``protocol``   the bytes between both
=============  =================================================================

The parent holds the labels. The child gets spectrograms and a model in an anonymous
file, and writes one reply of fixed length to a pipe: a header and float32 numbers.
Nothing is ever unpickled.

To harden the child further, add a function to ``layers.LAYERS``, and acts that it has to
stop to ``acts``. ``python -m grader selftest`` tries them all; ``grader/THREATS.md`` says
what this is worth.
"""
