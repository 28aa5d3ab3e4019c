"""Many submissions: a journal that survives anything, retries, and who does the work.

Labels, points and the journal are the coordinator's alone: the process that the instructor
started.

==============  =======================================================================
``finding``     which submissions are meant
``plan``        what else grading needs: assignment, labels, tests, settings
``runner``      hands out work, tries again, writes down what is finished
``interrupts``  Ctrl-C on the way
``folder``      the folder of results: one grader at a time
``journal``     what is finished in it, in a ``database``
``local``       marks submissions in threads of this machine
``slots``       so that no two sandboxes share a user
``cluster``     lets workers of Dask run models and notebooks
``connect``     finds their scheduler, or starts one
``worker``      what a worker does; ``remote``: asks it, and believes little
``regrade``     all of it again, and what came out differently (``changes``)
``preview``     … in a copy, if nothing shall be touched
==============  =======================================================================
"""
