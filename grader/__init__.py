"""Grade submitted models on a hidden split. Imports ``utils``; never the other way.

A submission's way through the grader:

=================  =============================================================
``intake``         zip → bytes of ``model.onnx``; nothing is unpacked to disk
``sandbox``        bytes and spectrograms → logits, in a process without labels
``scoring``        logits and labels → score, test cases, points
``grade``          all of it for a folder; ``results`` keeps each outcome
``gradebook``      ``grades.csv``; ``report``: one page a submission
=================  =============================================================

Before that: ``hidden_split`` and ``hidden_sources`` draw the hidden split, ``assignment``
and ``model_tests`` read what a homework asks for, ``release`` hands it out.
``kept`` lets a stopped run go on; ``selftest`` tries what protects the labels.
``python -m grader`` (``cli``) is the way in; ``demo`` runs it all on public notes.
"""
