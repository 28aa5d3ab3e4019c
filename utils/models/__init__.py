"""The networks of the lectures.

=======================  ===============================================================
``lecture_cnn``          the four-block network of the slides
``fcn``                  FCN-3 to FCN-7: 3×3 kernels, large pooling
``cnn1d``                the first kernel covers all mel bands
``musically_motivated``  kernels along time, along frequency, and in parallel
``multi_level``          an MLP on layers of trained networks of several scales
``crnn``                 convolutions, then GRUs
``residual``             skips that can be switched off
``front_back``           any front end with any back end
``back_ends``            average, statistics, RNN, MLP, attention
``blocks``               convolution, batch norm, activation, pooling, dropout
``initialize``           He's weights from a generator
``view_averaging``       the mean over shifted or cropped views of a note
``receptive_field``      what a layer of any network sees
``modes``                eval mode for a while
``summarize``            shapes, parameters and MACs of any network
=======================  ===============================================================
"""
