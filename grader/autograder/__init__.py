"""The sealed autograder zip: one zip for `otter grade`, Gradescope and the own batch.

`otter assign` writes an autograder zip whose scripts run students' code and tests in one
process. Sealing puts scripts of ours in their place, and the hidden split inside. When
such a zip grades, it (1) reads the submission, (2) scores the model in a process that
ends, (3) deletes the hidden notes, (4) runs the notebook, which has nothing left to find,
and (5) writes the results itself.

==============  =======================================================================
``seal``        makes a sealed zip of otter's
``zip/``        the two scripts in it: ``setup.sh`` and ``run_autograder``
``guard``       stops `otter run`, which would pass those scripts by
``submission``  reads what was handed in, as a zip or unpacked
``grading``     the five steps
``room``        memory and minutes of small machines
``history``     what a service remembers of a student's earlier tries
``reports``     ``results.json`` for Gradescope, ``results.pkl`` for otter
``ladder``      what students see of hidden scores
==============  =======================================================================
"""
