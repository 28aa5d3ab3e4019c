"""Grade submitted models on a hidden split. Imports ``utils``; never the other way.

A submission's way through the grader:

=================  =============================================================
``intake``         zip → bytes of ``model.onnx``; nothing is unpacked to disk
``sandbox``        bytes and spectrograms → logits, in a process without labels
``scoring``        logits and labels → score, test cases, points
``notebook``       the notebook's cells in one process, its tests in another
``marking``        all of it for one submission → ``results``
``batch``          many of them, with a journal that survives; ``grade`` calls it
``policy``         late days, tries, leaderboard, the curve and its hidden split
``gradebook``      ``grades.csv``; ``report``, ``class_report``: pages
``explain``        all about one submission, for a student's question
``exports``        other systems; ``nbgrader_course``: answers graded by hand
``autograder``     the sealed zip, which does the same elsewhere
=================  =============================================================

Before that: ``hidden_split`` and ``hidden_sources`` draw the hidden split, ``assignment``
and ``model_tests`` read what a homework asks for, ``release`` hands it out.
``kept`` says what a result depends on; ``selftest`` tries what protects the labels;
``scratch`` lends folders of which nothing stays.
``python -m grader`` (``cli``) is the way in; ``demo`` runs it all on public notes.
"""
