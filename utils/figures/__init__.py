"""Draw a state on a matplotlib Axes; every figure brings its text alternative.

=================  ====================================================
``style``          colors of the splits, readable on light and dark
``notes``          a waveform, a log-mel spectrogram
``curves``         loss and accuracy over the epochs
``confusion``      which family is taken for which
``descent``        a run on a landscape, losses of runs
``tilted_bowl``    a long bowl, straight or turned
``minibatches``    mini-batch descent on real notes
``schedules``      learning rates over a run
``activations``    signals on their way through a deep net
``line_fits``      onsets with an outlier, lines by L1, L2, Huber
``note_points``    brightness and decay of notes
``note_features``  attack and fading of notes
``envelopes``      target curves: envelopes, lines of pitch
``audio_damages``  four ways to damage a sound
``metronome``      the note on which a scale is played
``seeded_noise``   normal numbers, the same as in the browser
=================  ====================================================

``draw_…`` functions take ``ax=`` or make a figure of their own, and return the Axes.
``describe_…`` functions say in words what the drawing shows. Text and axes take the
colors of the current matplotlib style, light or dark.
"""
