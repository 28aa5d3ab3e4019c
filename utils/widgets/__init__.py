"""Widgets: what a reader drags, in a notebook and on a static page without a kernel.

===================  ==================================================================
``activations``      sizes of activations, layer by layer, against the gain
``adaptive``         a learning rate for every axis: AdaGrad, RMSProp, Adam
``architecture``     layers, what they cost and what a unit sees of a note
``atoms``            atoms of dictionaries to hear, and notes built from few of them
``audio_losses``     a note damaged in four ways, and who calls which the worst
``augmentation``     a note changed, votes on its labels, what a CNN says
``back_ends``        six back ends under one front end, and a note that begins later
``backprop``         gradients through a graph, typed in node by node
``batch_size``       noise of a batch's gradient, path and loss, every gradient counted
``class_sound``      a class's favorite picture as it grows, and its sound
``confusion``        a confusion matrix whose cells play the confused notes
``convolution``      a kernel steps over painted cells or a note
``curve_fit``        a polynomial through a singer's pitch, and its error on new points
``curve_quiz``       which learning curves are which
``depth_width``      a deep and a wide net of the same size draw a line of pitch
``descent``          gradient descent on curves, contours and surfaces
``dropout``          a small net, its masks and all the nets they make
``early_stopping``   patience on real learning curves
``equivariance``     a note moved in time and pitch: what moves along
``front_end``        what window, hop and bands keep of a note, to hear
``gradient_flow``    gradients that vanish or explode on their way down
``hinge``            losses of the margin
``kernels``          what the kernels of a network respond to, to see and to hear
``logistic``         a logit under two losses, and the boundary that each learns
``loss_names``       the other names of a loss, and its sign
``mlp_steps``        a small net trained by hand, in ten steps
``momentum``         momentum and Nesterov, every step in its two parts
``neuron``           a neuron with two inputs parts notes
``note_browser``     notes by family, pitch and velocity, with record and picture
``notes_viewer``     three notes to hear and to see
``outlier``          one wrong onset, and the lines of L1, L2 and Huber
``overfitting_lab``  a CNN trains while its cures are switched on and off
``own_landscape``    the landscape of a net with and without skips, or of your own
``penalty``          L1 and L2 on a regression of note features
``pooling``          one number for every block of a map
``race``             optimizers from one start, also on the loss of a CNN
``residuals``        a line through onsets whose errors cancel
``roc``              a rare tag, its threshold, ROC curve and AUC
``schedule``         a learning rate drawn by hand, and a CNN that trains with it
``search_race``      descent against random and evolutionary search
``selection``        the best of many models, and what it is worth
``sharing``          weights of a dense, a local and a convolutional layer, counted
``shift_break``      a note transposed, and the features of a 1-D and a 2-D net
``softmax``          scores, softmax with temperature, cross entropy, as bars
``test_spread``      test sets drawn again, and two error bars of the accuracy
``timeline``         from shallow to deep, and the mean over views of a note
``tiny_mlp``         every knob of a small net that draws an envelope
``tuning``           a tuning found by descent
``zoo``              every model of lecture 07 on the same notes: accuracy, cost, pairs
===================  ==================================================================

===============  ==================================================================
``base``         ``CourseWidget``: state, words, picture
``fields``       what a state consists of, and its rules
``compute``      work that a view leaves to the kernel
``assemble``     one module of the ES modules that a widget uses
``kit/``         what views share: ``widget.js``, controls, plots, mathematics
===============  ==================================================================

To write one, make a folder with ``__init__.py`` (a docstring), ``widget.py`` and
``view.js``; ``view.css`` if it needs styles of its own, each name beginning with the
widget's::

    class Tone(CourseWidget):
        NAME = "tone"                       # the folder's name
        TITLE = "One sine"
        GOAL = "Find the tone whose period is 2 ms."
        OUTPUTS = ("period",)               # computed by the view, for text="... {=period}"
        FIELDS = {"frequency": Number(default=440.0, low=20.0, high=8000.0, scale="log")}

        def describe(self, state): ...      # in words
        def draw(self, state, figure): ...  # by matplotlib, where nothing is alive

The view builds its elements once and draws them when the state changes, at most once a
frame::

    import { slider } from "../kit/controls.js";
    import { el } from "../kit/dom.js";
    import { widget } from "../kit/widget.js";

    export default widget((ctx) => {
      const canvas = el("canvas", { "aria-label": "Waveform", tabindex: 0 });
      ctx.root.append(canvas, slider(ctx, "frequency"));
      return {
        update(state, changed) {
          // draw with the colors of ctx.theme, then say what there is to see:
          ctx.output("period", `${1000 / state.frequency} ms`);
          ctx.announce(`A sine of ${state.frequency} Hz.`);
          ctx.goal(state.frequency === 500);
        },
      };
    });

``ctx.set({frequency: 500})`` changes the state (``{commit: false}`` while dragging),
``ctx.data(name)`` is a constant array, ``ctx.request(op, payload, {array})`` asks the
kernel, where ``self.answer(op, handler)`` answers. All of ``ctx`` is described in
``kit/widget.js``. Comments in JavaScript cost nothing: they are left out of the
assembled module, which may have 90 kB.
"""
