"""What a plan needs besides an effect: spreads of times and quantiles, clusters, guardrails, events."""

from __future__ import annotations

import math

from scipy import optimize, special

from experiments.errors import NotEnoughData
from experiments.stats.estimate import check_level
from experiments.stats.power import Design, SampleSize, sizes


def design_effect(cluster_size: float, icc: float, *, size_variation: float = 0.0) -> float:
    """By what factor participants count less when whole clusters of them are randomised together.

    1 + ((1 + c²) m - 1) ρ for clusters of mean size m whose sizes vary by c, members of one alike by ρ.

    Args:
        cluster_size: Mean number of participants of a cluster, 1 or more.
        icc: Intracluster correlation: share of the spread that is between clusters, 0 to 1.
        size_variation: Standard deviation of the sizes over their mean; 0 for equal clusters.

    Raises:
        ValueError: An argument is out of its range.

    References:
        Donner, A., Klar, N. (2000). Design and Analysis of Cluster Randomization Trials in Health Research,
        ch. 5. Eldridge, S. M., Ashby, D., Kerry, S. (2006). Sample size for cluster randomized trials: effect
        of coefficient of variation of cluster size and analysis method. Int. J. Epidemiology 35, 1292-1300.
    """
    if not 1 <= cluster_size < math.inf:
        raise ValueError(f"cluster_size == {cluster_size}, must be >= 1 and finite.")
    if not 0 <= icc <= 1:
        raise ValueError(f"icc == {icc}, must be >= 0 and <= 1.")
    if not 0 <= size_variation < math.inf:
        raise ValueError(f"size_variation == {size_variation}, must be >= 0 and finite.")
    return 1 + ((1 + size_variation**2) * cluster_size - 1) * icc


def noninferiority_size(
    standard_deviation: float, margin: float, *, alpha: float = 0.05, design: Design | None = None
) -> SampleSize:
    """Participants that show a metric to be no worse than `margin`, where in truth it is the same.

    Args:
        standard_deviation: Of one participant's value; √(p (1 - p)) for a rate.
        margin: How much worse it may be, absolute, above 0.
        alpha: One-sided error of each guardrail.
        design: Its power, weights and looks count; every treatment must pass by itself, so alpha is not
            divided.

    Raises:
        NotEnoughData: More participants are needed than anybody has.
        ValueError: An argument is out of its range.

    References:
        Julious, S. A. (2004). Sample sizes for clinical trials with Normal data. Statistics in Medicine 23,
        1921-1986 (section 4). Schultzberg, M., Ankargren, S., Frånberg, M. (2024). Risk-aware product
        decisions in A/B tests with multiple metrics. arXiv 2402.11609.
    """
    plan = design or Design()
    check_level(alpha, name="alpha")
    if not 0 < standard_deviation < math.inf:
        raise ValueError(f"standard_deviation == {standard_deviation}, must be > 0 and finite.")
    if not 0 < margin < math.inf:
        raise ValueError(f"margin == {margin}, must be > 0 and finite.")
    reach = -float(special.ndtri(alpha)) + float(special.ndtri(plan.power))
    control = (1 + 1 / plan.ratio) * (reach * standard_deviation / margin) ** 2
    return sizes(control, -margin, plan, "noninferiority_z")


def power_with_guardrails(power: float, guardrails: int) -> float:
    """The power that each metric must have so that the primary and all guardrails pass together at `power`.

    1 - β / (G + 1), by Bonferroni's inequality for the misses.

    References:
        Schultzberg, Ankargren, Frånberg (2024), as in `noninferiority_size`.
    """
    check_level(power, name="power")
    if guardrails < 0:
        raise ValueError(f"guardrails == {guardrails}, must be >= 0.")
    return 1 - (1 - power) / (guardrails + 1)


def exponential_spread(mean: float, horizon: float) -> float:
    """The standard deviation of min(T, horizon) whose mean this is, T being exponential.

    For planning a restricted mean time where nothing is known of its spread.

    Args:
        mean: Restricted mean time, above 0 and below the horizon.
        horizon: In the same unit.

    Raises:
        ValueError: The mean is no restricted mean of that horizon.

    References:
        Irwin, J. O. (1949). The standard error of an estimate of expectation of life. J. Hygiene 47, 188-189
        (moments of a restricted life time).
    """
    if not 0 < mean < horizon < math.inf:
        raise ValueError(f"mean == {mean}, must be > 0 and below the horizon ({horizon}).")

    def short(x: float) -> float:
        """The restricted mean over the horizon at rate x / horizon, less the one asked for."""
        return -math.expm1(-x) / x - mean / horizon

    x = float(optimize.brentq(short, 1e-12, 2 * horizon / mean + 50, xtol=1e-14))
    rate = x / horizon
    second = 2 / rate**2 * (1 - math.exp(-x) * (1 + x))
    return math.sqrt(max(0.0, second - mean**2))


def quantile_spread(value: float, share: float, log_deviation: float) -> float:
    """The standard deviation of one participant that a quantile of log-normal values has the error of.

    √(q (1 - q)) over the density at the quantile: with it a quantile is planned as a mean is.

    Args:
        value: The quantile, above 0.
        share: q, of participants below it.
        log_deviation: Standard deviation of the values' logarithms.

    Raises:
        ValueError: An argument is out of its range.

    References:
        David, H. A., Nagaraja, H. N. (2003). Order Statistics, 3rd ed., section 10.2.
    """
    check_level(share, name="share")
    if not (0 < value < math.inf and 0 < log_deviation < math.inf):
        raise ValueError(f"value == {value}, log_deviation == {log_deviation}: must be > 0 and finite.")
    z = float(special.ndtri(share))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (log_deviation * value)
    return math.sqrt(share * (1 - share)) / density


def log_rank_events(hazard_ratio: float, *, design: Design | None = None) -> int:
    """Events, of control and one treatment together, that a log-rank test needs to find a hazard ratio.

    Args:
        hazard_ratio: Treatment's rate of events over control's, above 0 and not 1.
        design: Level, power, weights and looks.

    Raises:
        NotEnoughData: More events are needed than anybody has participants.
        ValueError: The ratio is 1, or not above 0.

    References:
        Schoenfeld, D. A. (1981). The asymptotic properties of nonparametric tests for comparing survival
        distributions. Biometrika 68, 316-319.
    """
    plan = design or Design()
    if not 0 < hazard_ratio < math.inf or hazard_ratio == 1:
        raise ValueError(f"hazard_ratio == {hazard_ratio}, must be > 0, finite and not 1.")
    reach = -float(special.ndtri(plan.alpha / 2)) + float(special.ndtri(plan.power))
    treated = plan.ratio / (1 + plan.ratio)
    events = plan.inflation * reach**2 / (treated * (1 - treated) * math.log(hazard_ratio) ** 2)
    if not events <= 1e12:
        raise NotEnoughData("More events are needed than there can be: plan for a larger effect.")
    return math.ceil(events - 1e-9)
