"""What makes a notebook a lesson: predictions, checked exercises, hints, self-checks, progress.

=====================  ================================================================
``cells``              the names that a notebook imports, in one line
``predict``            ask before the play, compare after it
``checking``           run a student's function, say what is right or the likely mistake
``hints``              a ladder of three hints an exercise
``self_check``         five questions at the end of a lecture
``progress``           what this student has done so far
``exercise``           what an exercise is: cases, reference, hints, known mistakes
``exercises``          … all of them, one or two modules a lecture
``values``             compare two values, show a value in one line
``outcomes``           what a function does on all cases of an exercise
``explanations``       why an answer is wrong, in words
``catalog``            the lectures and where their exercises are
``store``              the file on the student's machine that keeps all this
``rich``               HTML and text for results, and for widgets without a front end
=====================  ================================================================

Nothing is sent anywhere: answers and progress stay in one file of the student's own.
"""
