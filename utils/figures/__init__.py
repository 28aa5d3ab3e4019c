"""Draw a state on a matplotlib Axes; every figure brings its text alternative.

================  ====================================================
``style``         colors of the splits, readable on light and dark
``notes``         a waveform, a log-mel spectrogram
``curves``        loss and accuracy over the epochs
``confusion``     which family is taken for which
``descent``       a run on a landscape, losses of runs
``seeded_noise``  normal numbers, the same as in the browser
================  ====================================================

``draw_…`` functions take ``ax=`` or make a figure of their own, and return the Axes.
``describe_…`` functions say in words what the drawing shows. Text and axes take the
colors of the current matplotlib style, light or dark.
"""
