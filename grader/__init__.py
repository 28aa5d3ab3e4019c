"""Grade submitted models on a hidden split. Imports ``utils``; never the other way.

``python -m grader VERB`` is the way in (``cli``). Each verb's words and options stand in a
module ``<verb>_cli`` (``options``: those of several verbs); what it does, in the modules below.

A submission's way through the grader:

===================  ===========================================================
``intake``           zip → bytes of ``model.onnx``; nothing is unpacked to disk
``sandbox``          bytes and spectrograms → logits, in a process without labels
``scoring``          logits and labels → score, test cases, points
``notebook``         the notebook's cells in one process, its tests in another
``marking``          all of it for one submission → ``results``
``batch``            many of them, with a journal that survives: here or in a
                     cluster, again after a correction; ``grade`` calls it
``recipes``          clusters that workers of the grader run on
``autograder``       the sealed zip, which does the same elsewhere
===================  ===========================================================

From results to grades:

===================  ===========================================================
``policy``           late days, tries, leaderboard, the curve and its hidden split
``gradebook``        ``grades.csv``
``report``           a page a student; ``pages`` and ``templates/``: how it looks
``class_report``     the page about the class, from ``class_numbers``
``explain``          all about one submission, for a student's question:
                     ``explain_words``, or what ``explain_student`` may say of it
``exports``          other systems; ``nbgrader_course``: answers graded by hand
===================  ===========================================================

Before anything is graded:

===================  ===========================================================
``hidden_split``     the hidden notes in a folder: made, and opened again
``hidden_sources``   where they can come from; ``hidden_draw``: which are taken
``assignment``       what ``assignment.toml`` says of a homework
``masters``          what in its notebook is secret
``model_tests``      the tests of its model question
``release``          makes what students and graders get of it, through
                     ``otter_assign``, ``reference_run`` and ``student_tree``
===================  ===========================================================

And for all of them:

===================  ===========================================================
``kept``             what a result depends on besides the submission
``publish``          writes a folder all at once, or not at all
``scratch``          lends folders of which nothing stays
``selftest``         tries what protects the labels
``demo``             runs it all on public notes, with ``demo_models`` in
                     ``demo_submissions``
===================  ===========================================================
"""
