"""What happened, 2006 to 2018: facts of the slides, in our words."""

from typing import Final, NamedTuple

__all__ = ["EVENTS", "Event"]


class Event(NamedTuple):
    """One step of the story.

    Attributes
    ----------
    year : int
    line : str
        "image", "music" or "both".
    name : str
        Short, for the picture.
    layers : int
        Of a winner of the ImageNet challenge; 0 where that is not what counts.
    text : str
        What was new.
    """

    year: int
    line: str
    name: str
    layers: int
    text: str


EVENTS: Final = (
    Event(
        2006,
        "both",
        "Hinton: DBN",
        0,
        "Deep belief networks: restricted Boltzmann machines, trained one layer after the other "
        "without labels, then fine-tuned with them.",
    ),
    Event(
        2010,
        "music",
        "Hamel & Eck",
        0,
        "A deep belief network on single frames of spectrograms; after fine-tuning, its layers "
        "are the features for music.",
    ),
    Event(
        2011,
        "music",
        "Henaff",
        0,
        "Sparse coding of single constant-Q frames: a learned dictionary in place of "
        "engineered features.",
    ),
    Event(
        2012,
        "music",
        "Nam",
        0,
        "K-means, sparse coding and sparse RBM on several frames of a mel spectrogram at once.",
    ),
    Event(
        2012,
        "both",
        "Dahl: speech",
        0,
        "Speech recognition replaces the Gaussian mixtures of its GMM-HMM by a pre-trained stack "
        "of fully connected layers.",
    ),
    Event(
        2012,
        "image",
        "AlexNet",
        8,
        "Convolutions, max pooling, ReLU, dropout; 60 million parameters, 1.2 million images, two "
        "GPUs, a week. Top-5 error 15.3 %, more than 10 points ahead of the second. Random crops "
        "and flips make 2 048 times as many images, and colors are varied; in the test ten crops "
        "are averaged.",
    ),
    Event(2013, "image", "winner", 8, "Again 8 layers: Zeiler and Fergus, whose deconvolutions "
          "showed what the layers of AlexNet see."),
    Event(
        2013,
        "music",
        "van den Oord",
        0,
        "Music from its sound: a 1-D CNN. The first kernels cover 128 mel bands × 4 frames; "
        "mean, maximum and L2 over time.",
    ),
    Event(2014, "image", "VGG", 19, "19 layers of small 3×3 kernels: second place, and the model "
          "for many music CNNs."),
    Event(2014, "image", "GoogLeNet", 22, "22 layers, kernels of several sizes side by side."),
    Event(2015, "image", "ResNet", 152, "152 layers, by skip connections. Better than humans at "
          "this task, says the slide."),
    Event(2016, "image", "winner", 152, "Winners stay at about 152 layers."),
    Event(
        2016,
        "music",
        "Choi: FCN",
        0,
        "3×3 kernels and pooling so large that one cell is left of 30 seconds: FCN-3 to FCN-7.",
    ),
    Event(
        2016,
        "music",
        "Pons: shapes",
        0,
        "Kernels shaped by music: 1×n for rhythm, m×1 for timbre, and both.",
    ),
    Event(2017, "image", "winner", 152, "The last ImageNet challenge; again about 152 layers."),
    Event(
        2017,
        "music",
        "Choi: CRNN",
        0,
        "A recurrent net sums up what the convolutions found: a little better, and slower.",
    ),
    Event(
        2017,
        "music",
        "Lee & Nam",
        0,
        "Features from all layers of several 1-D CNNs, each trained on windows of another length.",
    ),
    Event(
        2018,
        "music",
        "Pons: end to end",
        0,
        "Tagging at scale: front end and back end as two parts to choose, and how much data each "
        "choice needs.",
    ),
)  # fmt: skip
