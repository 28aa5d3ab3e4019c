"""The training loop, and what is measured afterwards.

===========================  ============================================================
``fit``                      train a model; ``evaluate`` and ``predict`` with it
``steps``                    one epoch, step by step: the heart of ``fit``
``history``                  what happened, epoch by epoch, and ``history.json``
``early_stopping``           when to stop
``metrics``                  accuracies, confusions and intervals (no torch)
``batches``                  read batches of notes, tensors or any data set
``evaluate``                 loss, accuracy and logits of a trained model
``setup``                    device, optimizer, schedule and random state of a run
``landscape``                loss landscapes; its docstring lists its parts
``inspect``                  what a network learned: all of the following in one place
``inspect_layers``           kernels and feature maps
``inspect_path``             the operations from the input to a layer
``inspect_top``              the notes that a channel likes best
``deconvnet``                a unit projected back to the input
``activation_maximization``  the picture that a unit would like best
``resynthesis``              what a kernel hears in a note, as sound
``mel_inversion``            sound for pictures that belong to no note
``translation``              do features move along with a note, or stay?
``constant_q``               a spectrogram on which pitch is a shift
===========================  ============================================================
"""
