"""The same homework as an nbgrader course: written answers are graded by hand there.

otter's tests and the model's score stay the grader's; nbgrader shows them as an assignment
of their own, ``<name>-auto``, whose points come from ``grades.csv``. So no point is counted
twice: a homework's own nbgrader assignment is worth its written answers and no more.

nbgrader would run what students wrote beside the gradebook. In this course nothing of
a submission is ever run; ``settings`` says how that is held.

==============  =======================================================================
``cli``         the verb: a course, and points for it
``course``      makes a course, or puts a homework into one
``written``     … whose source notebook has the written questions
``settings``    what ``nbgrader_config.py`` sets
``collecting``  takes notebooks out of submissions
``cleaning``    makes them fit to be looked at
``points``      puts ``grades.csv`` into the gradebook
``exporting``   what ``nbgrader export`` writes
==============  =======================================================================
"""
