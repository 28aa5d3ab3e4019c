"""What a network learned: all that looks into one, in one place.

===========================  ==========================================================
``inspect_layers``           kernels and feature maps
``inspect_shapes``           what a small kernel looks for, by computation
``inspect_top``              the notes that a channel likes best
``deconvnet``                a unit projected back to the input
``activation_maximization``  the picture that a unit would like best
``resynthesis``              what a kernel hears in a note, as sound
``mel_inversion``            sound for pictures that belong to no note
``translation``              do features move along with a note, or stay?
``constant_q``               a spectrogram on which pitch is a shift
``inspect_path``             the operations from the input to a layer
===========================  ==========================================================

The names that notebooks need can be imported from here.
"""

from utils.training.activation_maximization import Maximization, activation_maximization
from utils.training.constant_q import constant_q, constant_q_picture
from utils.training.deconvnet import deconvnet
from utils.training.inspect_layers import feature_maps, kernels
from utils.training.inspect_shapes import shape_name, shape_shares
from utils.training.inspect_top import TopActivations, top_activations
from utils.training.mel_inversion import mel_to_waveform
from utils.training.resynthesis import map_to_mask, masked_resynthesis, what_it_hears
from utils.training.translation import equivariance_error, invariance_error, shift_cells

__all__ = [
    "Maximization",
    "TopActivations",
    "activation_maximization",
    "constant_q",
    "constant_q_picture",
    "deconvnet",
    "equivariance_error",
    "feature_maps",
    "invariance_error",
    "kernels",
    "map_to_mask",
    "masked_resynthesis",
    "mel_to_waveform",
    "shape_name",
    "shape_shares",
    "shift_cells",
    "top_activations",
    "what_it_hears",
]
