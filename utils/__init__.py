"""The shared package of the course: everything that a notebook imports.

=================  ====================================================
``utils.notes``      waveform → log-mel spectrogram → data set of notes
``utils.models``     the networks of the lectures
``utils.training``   the training loop and what is measured afterwards
``utils.submission`` export a model, check it, see the practice score
=================  ====================================================

Importing this package loads no torch, no torchaudio and no widget.
"""

__version__ = "2026.11.0"
