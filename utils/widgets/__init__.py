"""Widgets: what a reader drags, in a notebook and on a static page without a kernel.

===============  ==================================================================
``backprop``     a graph whose gradients the reader enters
``descent``      gradient descent on curves, contours and surfaces
``softmax``      scores, softmax with temperature, cross entropy, as bars
``tuning``       a tuning found by descent
===============  ==================================================================

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
assembled module, which may have 60 kB.
"""
