"""The notebook's questions, graded in two processes.

The student's cells run in a process that has neither hidden tests nor labels, no network
and no files but its own. The tests run in the grader's process; what they ask of the
student's names goes over a pipe, as plain data. Nothing is unpickled.

=================  ====================================================================
``cells``          which cells of a submitted notebook are run
``plain``          plain data ↔ JSON
``child``          in the student's process: runs cells, answers calls
``confine``        … what it gives up first
``system_calls``   … and the system calls that it keeps
``place``          its folders: what it may read, and how large what it wrote is
``session``        where students' processes are started
``process``        one of them, seen from the grader: limits, calls, its end
``questions``      runs the tests of all questions, and counts their points
``grading``        from a submission's zip to points
=================  ====================================================================
"""
