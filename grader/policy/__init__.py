"""From scores to grades: what counts, what is lost for being late, what students may see.

===============  ======================================================================
``keys``         the sections ``[late]`` and ``[attempts]`` of ``assignment.toml``
``late``         deadline, grace, days, extensions
``times``        when something was handed in: a CSV, file names, Gradescope's metadata
``settle``       which submission of a student counts, and what it is worth
``attempts``     the limit of scored tries, and the Ladder over them
``window``       whether students can still hand in
``leaderboard``  the page of the Ladder
``pseudonyms``   the names on it
``binding``      the credit curve belongs to one hidden split
``load``         the results of the last run of ``grade``
===============  ======================================================================

What an instructor adds lies in the results folder as plain CSV (``times.csv``,
``extensions.csv``, ``manual.csv``), so that the next run of ``grade`` takes it into account.
"""
