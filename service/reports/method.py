"""How the numbers were made: the methods by name, and the marks by which the same analysis is found again."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.analysis.document import Results
from experiments.analysis.results import Absolute, Adjusted, Bayesian, Relative, Sequential, VariantResult
from keepgoing import __version__
from service.reports.blocks import Bullets, Section
from service.reports.fingerprint import fingerprint
from service.reports.timestamps import minute

METHODS = {
    "wilson": "Wilson's score interval",
    "newcombe": "Newcombe's hybrid score interval",
    "student_t": "Student's t",
    "welch_t": "Welch's t, from sums",
    "pooled_z": "pooled two-proportion z test",
    "fisher_exact": "Fisher's exact test",
    "boschloo_exact": "Boschloo's exact test",
    "log_walter": "Walter's log ratio with one half added to each count",
    "fieller": "Fieller's interval",
    "fieller_welch": "Fieller's interval with Welch's degrees of freedom",
    "stratified_by_phase": "phases compared within themselves and combined, normal approximation",
    "fieller_stratified_by_phase": "Fieller's interval over phases combined",
    "normal_stratified_by_phase": "normal posterior over phases combined",
    "asymptotic_confidence_sequence": "asymptotic confidence sequence (Waudby-Smith et al. 2024)",
    "inverse_probability_weighted": "weighted by the shares of each phase (Hadad et al. 2021)",
    "fieller_inverse_probability_weighted": "Fieller's interval of means weighted by the phases' shares",
    "normal_inverse_probability_weighted": "normal posterior, weighted by the phases' shares",
    "asymptotic_confidence_sequence_weighted": "confidence sequence, weighted by the phases' shares",
    "asymptotic_confidence_sequence_stratified_by_phase": "confidence sequence over phases combined",
    "bernoulli_e_process": "Bernoulli e-process",
    "beta_binomial": "beta-binomial posterior with prior Beta(1, 1)",
    "normal": "normal posterior with a flat prior",
    "normal_shrunk": "normal posterior with a shrinking prior",
    "ratio_delta": "delta method with the participant as the unit (Deng, Knoblich and Lu 2018)",
    "ratio_delta_fieller": "Fieller's interval on the delta method's variances",
    "normal_ratio_delta": "normal posterior with a flat prior, on the delta method's variances",
    "regression_welch": "regression on several covariates, then Welch's t",
    "cuped_welch": "CUPED (Deng et al. 2013), then Welch's t",
    "cuped_stratified_by_phase": "CUPED within each phase, then combined over phases",
    "bounded": "exact bounds",
    "holm": "Holm's adjustment",
    "benjamini_hochberg": "Benjamini and Hochberg's adjustment",
}
"""What people call each method; one that is not here stands under its own name."""

READING = (
    "The absolute lift is treatment minus control and decides; the relative lift never does.",
    "The interval and p-value of the absolute lift hold for one look, at the time that was planned. "
    "The always-valid interval holds however often one looks.",
    "The chance to beat control and the expected loss are for reading, not for stopping.",
)


def method(results: Results) -> Section:
    """The methods, how to read the numbers, and the report's marks."""
    used = sorted({line for one in _every(results) for line in _used(one)})
    return Section(
        "method", "How the numbers were made", (Bullets((*READING, *used)), Bullets(_marks(results)))
    )


def _every(results: Results) -> Iterable[VariantResult]:
    for metric in results.metrics:
        if metric.to_date is not None:
            yield from metric.to_date.variants


def _used(one: VariantResult) -> Iterable[str]:
    if one.method:
        yield _line("Interval of one variant", one.method)
    if isinstance(one.absolute, Absolute):
        yield _line("Absolute lift", one.absolute.method)
        if one.absolute.test:
            yield _line("p-value", one.absolute.test)
        if one.absolute.adjustment:
            yield _line("Adjusted p-value", one.absolute.adjustment)
    if isinstance(one.adjusted, Adjusted):
        yield _line("Adjusted lift", one.adjusted.method)
    if isinstance(one.relative, Relative):
        yield _line("Relative lift", one.relative.method)
    if isinstance(one.sequential, Sequential):
        yield _line("Always-valid interval", one.sequential.method)
    if isinstance(one.bayesian, Bayesian):
        yield _line("Chance and expected loss", one.bayesian.method)


def _line(what: str, name: str) -> str:
    return f"{what}: {METHODS.get(name, name)}."


def _marks(results: Results) -> tuple[str, ...]:
    folded = results.events_folded_to
    return (
        f"As of {minute(results.as_of)}.",
        f"Events counted up to {minute(folded)}." if folded else "The data have no event times.",
        f"Keepgoing {__version__}, verdict rules {results.verdict.rules}.",
        f"Revision {results.revision} of the experiment.",
        f"SHA-256 of the results document: {fingerprint(results)}.",
    )
