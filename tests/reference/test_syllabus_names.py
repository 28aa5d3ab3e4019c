"""Every name in the syllabus' column "reference" can be imported, from a module named by topic."""

import importlib

import pytest

# row of the syllabus → (module, names)
NAMES = {
    "N1": [
        ("utils.reference.neuron", ["neuron"]),
        (
            "utils.reference.activations",
            ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "gelu"],
        ),
    ],
    "N2": [("utils.reference.mlp", ["mlp_forward"])],
    "N3": [("utils.reference.parameter_count", ["count_parameters"])],
    "L2": [("utils.reference.losses", ["signed_error"])],
    "L3": [
        (
            "utils.reference.losses",
            ["l1_loss", "l2_loss", "mean_absolute_error", "mean_squared_error"],
        ),
        ("utils.reference.robust_losses", ["huber_loss"]),
    ],
    "L4": [
        ("utils.reference.activations", ["sigmoid"]),
        ("utils.reference.binary_losses", ["binary_cross_entropy"]),
    ],
    "L5": [("utils.reference.softmax", ["softmax", "log_softmax"])],
    "L6": [("utils.reference.multiclass_losses", ["cross_entropy"])],
    "L7": [
        ("utils.reference.binary_losses", ["hinge_loss"]),
        ("utils.reference.multiclass_losses", ["multiclass_hinge_loss"]),
    ],
    "L8": [("utils.reference.audio_losses", ["waveform_l1", "multi_scale_stft_loss"])],
    "L9": [("utils.reference.roc", ["roc_auc"])],
    "G1": [("utils.reference.search", ["random_search", "evolution_search"])],
    "G2": [("utils.reference.gradients", [])],
    "G3": [("utils.reference.gradient_descent", ["gradient_descent"])],
    "G5": [("utils.reference.autograd", [])],
    "G6": [("utils.reference.mlp", ["mlp_forward", "mlp_backward"])],
    "G7": [("utils.reference.autograd_modules", ["Module"])],
    "G8": [("utils.reference.gradient_flow", ["layer_gradient_norms"])],
    "O1": [("utils.reference.surfaces", [])],
    "O3": [("utils.reference.optimizers", ["SGD"])],
    "O4": [("utils.reference.adaptive_optimizers", ["AdaGrad", "RMSProp"])],
    "O5": [("utils.reference.adaptive_optimizers", ["Adam", "AdamW"])],
    "O6": [("utils.reference.minibatch", ["batch_gradient"])],
    "O7": [("utils.reference.minibatch", ["sgd_gradient"])],
    "O8": [("utils.reference.minibatch", ["steps_per_epoch", "iterate_minibatches"])],
    "O9": [("utils.training.landscape", ["loss_line", "loss_surface"])],
    "O10": [
        ("utils.reference.initialization", ["xavier_uniform", "xavier_normal"]),
        ("utils.reference.initialization", ["he_uniform", "he_normal"]),
        ("utils.reference.normalization", ["batch_norm"]),
    ],
    "O11": [("utils.reference.schedules", []), ("utils.reference.cyclic_schedules", [])],
    "F1": [("utils.notes.splits", ["train_validation_test_split"])],
    "F2": [
        ("utils.reference.polynomial", ["polynomial_fit"]),
        ("utils.reference.mlp_fit", ["mlp_fit"]),
    ],
    "F3": [("utils.training.metrics", [])],
    "F6": [("utils.training.early_stopping", ["EarlyStopping"])],
    "F7": [("utils.reference.regularizers", ["dropout"])],
    "F8": [("utils.reference.regularizers", ["l1_penalty", "l2_penalty"])],
    "F9": [("utils.notes.augment", ["augment"])],
    "C2": [("utils.reference.conv", ["conv2d"])],
    "C4": [("utils.reference.conv", ["conv_output_size"])],
    "C5": [("utils.reference.pooling", ["max_pool2d", "avg_pool2d", "std_pool2d", "lp_pool2d"])],
    "C6": [
        ("utils.models.lecture_cnn", ["LectureCNN"]),
        ("utils.models.summarize", ["summarize"]),
        ("utils.reference.receptive_field", []),
    ],
    "C8": [("utils.training.inspect", ["kernels", "feature_maps", "top_activations"])],
    "C9": [
        ("utils.training.deconvnet", ["deconvnet"]),
        ("utils.training.activation_maximization", ["activation_maximization"]),
    ],
    "H2": [("utils.notes.mel", ["log_mel_spectrogram"])],
    "M1": [("utils.reference.codebook", ["codebook_histogram"])],
    "M2": [
        ("utils.reference.kmeans", ["kmeans"]),
        ("utils.reference.sparse_coding", ["sparse_coding"]),
        ("utils.reference.rbm", ["RBM"]),
    ],
    "M3": [("utils.reference.dbn", ["pretrain_dbn", "fine_tune"])],
    "M4": [("utils.models.view_averaging", ["test_time_average"])],
    "M5": [("utils.models.back_ends", ["build_back_end"])],
    "M6": [("utils.models.cnn1d", ["CNN1D"])],
    "M7": [("utils.models.fcn", ["FCN"])],
    "M8": [("utils.models.musically_motivated", ["MusicallyMotivatedCNN"])],
    "M9": [("utils.models.multi_level", ["MultiLevelFeatures"])],
    "M10": [("utils.models.crnn", ["CRNN"])],
}
CASES = [(row, module, names) for row, places in NAMES.items() for module, names in places]


@pytest.mark.parametrize(
    ("row", "module", "names"), CASES, ids=[f"{row}-{module}" for row, module, _ in CASES]
)
def test_the_names_of_a_row_are_there(row, module, names):
    found = importlib.import_module(module)
    assert set(names) <= set(found.__all__), row


def test_gradients_by_hand_stand_beside_losses_and_activations():
    for module, names in {
        "activations": ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "gelu"],
        "losses": ["l1_loss", "l2_loss", "mean_absolute_error", "mean_squared_error"],
        "robust_losses": ["huber_loss"],
        "binary_losses": ["binary_cross_entropy", "hinge_loss"],
        "multiclass_losses": ["cross_entropy", "multiclass_hinge_loss"],
    }.items():
        public = set(importlib.import_module(f"utils.reference.{module}").__all__)
        assert {f"{name}_grad" for name in names} <= public
