"""How large a learning rate may be."""

from utils.reference.checks import require_fraction, require_positive

__all__ = ["stability_limit"]


def stability_limit(curvature: float, *, momentum: float = 0.0, nesterov: bool = False) -> float:
    r"""Return the learning rate above which gradient descent jumps out of a bowl.

    Parameters
    ----------
    curvature : float
        c > 0; the largest one, if there are several axes.
    momentum : float
        β in [0, 1).
    nesterov : bool
        Whether the momentum is Nesterov's.

    Returns
    -------
    float
        Every rate below it converges, every rate above it diverges.

    Raises
    ------
    ParameterError
        If a number is out of range.

    Notes
    -----
    .. math:: \eta_{\max} = \frac{2(1 + \beta)}{c}, \qquad
              \text{Nesterov: } \frac{2(1 + \beta)}{c\,(1 + 2\beta)}

    On a quadratic a step with momentum reads
    :math:`\theta_{t+1} = (1 + \beta - \eta c)\,\theta_t - \beta\,\theta_{t-1}`. At the limit it
    has the solution :math:`\theta_t = (-1)^t`: from one side to the other, for ever. So momentum
    nearly doubles the limit, but Nesterov's looks ahead too far at large rates and lowers it.

    Lecture: ``lectures/03_optimizers.ipynb``

    References
    ----------
    Goh, "Why momentum really works", *Distill*, 2017; LeCun, Bottou, Orr and Müller, "Efficient
    BackProp", 1998, section 5 (2/c).
    """
    require_positive("curvature", curvature)
    require_fraction(momentum=momentum)
    ahead = 1 + 2 * momentum if nesterov else 1
    return 2 * (1 + momentum) / (curvature * ahead)
