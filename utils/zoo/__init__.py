"""The model zoo: networks and features trained on the same notes, and what came out.

===============  ==================================================================
``recipe``       how every network is trained
``entries``      the models of the zoo, by name
``features``     the models that learn features first, then a linear classifier
``run``          train a model of the zoo and measure it: one row of the table
``results``      the cached rows, and whether they are stale
``claims``       what the lecture says about the models, tested on the rows
``checkpoints``  trained networks that ship with the course
``provenance``   what a result depends on
===============  ==================================================================

``python -m utils.zoo run mfcc_histogram`` makes one row again, ``python -m utils.zoo run --all``
the whole table, ``python -m utils.zoo train lecture_cnn`` a checkpoint.
"""
