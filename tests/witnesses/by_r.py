"""What R answers, by its own functions and its packages survival, Epi and metafor; it needs `Rscript`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from tests.witnesses.inputs import (
    BCG,
    DURATIONS,
    P_VALUES,
    PAIRS,
    POSTERIORS,
    RATES,
    SPLITS,
)

Row = tuple[str, str, dict[str, Any]]
PACKAGES = ("survival", "Epi", "metafor")
LEVELS = (0.1, 0.5, 0.9)
"""Shares of the quantiles asked for."""
MARGIN = 2.0
HELPERS = """
options(warn = -1)
say <- function(method, case, ...) {
  found <- list(...)
  for (key in names(found)) {
    cat(method, case, key, paste(sprintf("%.17g", as.numeric(found[[key]])), collapse = " "), sep = "\\t")
    cat("\\n")
  }
}
step <- function(fit, at) summary(fit, times = at, extend = TRUE)$surv
"""


def rows() -> Iterator[Row]:
    """Every answer: which method, on which input, and what came out."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in _run(
        "\n".join([*(f"suppressMessages(library({name}))" for name in PACKAGES), HELPERS, *_asked()])
    ):
        method, case, key, numbers = line.split("\t")
        values = [None if one in ("NA", "NaN", "Inf") else float(one) for one in numbers.split()]
        found.setdefault((method, case), {})[key] = values if key.endswith("s") else values[0]
    for (method, case), answer in found.items():
        yield method, case, answer


def version() -> str:
    """R's own version and those of its packages."""
    asked = "; ".join(f'cat("{name}", as.character(packageVersion("{name}")), "")' for name in PACKAGES)
    return " ".join(_run(f'cat("R", as.character(getRversion()), ""); {asked}'))


def _run(script: str) -> list[str]:
    done = subprocess.run(
        ["Rscript", "--vanilla", "-"], input=script, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()


def _c(values: Sequence[float]) -> str:
    return f"c({', '.join(repr(value) for value in values)})"


def _asked() -> Iterator[str]:
    for case, rates in RATES.items():
        yield from _rates(case, rates)
    for case, pairs in PAIRS.items():
        yield from _means(case, pairs)
    for case, (observed, weights) in SPLITS.items():
        yield f"x <- chisq.test({_c(observed)}, p = {_c(weights)}, rescale.p = TRUE)"
        yield f"say('chi_square', '{case}', p_value = x$p.value)"
    for case, p_values in P_VALUES.items():
        yield f"say('holm', '{case}', p_values = p.adjust({_c(p_values)}, 'holm'))"
        yield f"say('benjamini_hochberg', '{case}', p_values = p.adjust({_c(p_values)}, 'BH'))"
    for case, durations in DURATIONS.items():
        yield from _durations(case, durations)
    for case, betas in POSTERIORS.items():
        yield from _posteriors(case, betas)
    yield from _planning()
    yield from _pooled()


def _rates(case: str, rates: tuple[tuple[int, int], tuple[int, int]]) -> Iterator[str]:
    (n, x), (m, y) = rates
    yield f"one <- prop.test({x}, {n}, correct = FALSE)"
    yield f"say('wilson', '{case}', lower = one$conf.int[1], upper = one$conf.int[2])"
    yield f"two <- prop.test({_c((y, x))}, {_c((m, n))}, correct = FALSE)"
    yield f"say('pooled_z', '{case}', p_value = two$p.value, statistic_squared = two$statistic)"
    yield f"new <- ci.pd({y}, {x}, {m - y}, {n - x}, method = 'Nc', print = FALSE)"
    yield f"say('newcombe', '{case}', estimate = new[5], lower = new[6], upper = new[7])"
    yield f"say('fisher', '{case}', p_value = fisher.test(matrix({_c((y, x, m - y, n - x))}, 2))$p.value)"


def _means(case: str, pairs: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> Iterator[str]:
    control, treatment = (_c([y for y, _ in one]) for one in pairs)
    yield f"a <- {control}; b <- {treatment}"
    yield "w <- t.test(b, a)"
    yield (
        f"say('welch', '{case}', estimate = mean(b) - mean(a), lower = w$conf.int[1], upper = w$conf.int[2],"
        " p_value = w$p.value)"
    )
    yield f"say('welch_freedom', '{case}', freedom = w$parameter)"
    yield "m <- t.test(a)$conf.int"
    yield f"say('mean', '{case}', estimate = mean(a), lower = m[1], upper = m[2])"
    yield f"l <- t.test(b, a, mu = -{MARGIN}, alternative = 'greater')"
    bound = "t.test(b, a, alternative = 'greater', conf.level = 0.95)$conf.int[1]"
    yield f"say('noninferior_means', '{case}', margin = {MARGIN}, bound = {bound}, p_value = l$p.value)"
    yield f"say('quantile', '{case}', shares = {_c(LEVELS)}, estimates = quantile(a, {_c(LEVELS)}, type = 8))"


def _durations(case: str, pair: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> Iterator[str]:
    both = [(*one, place) for place, half in enumerate(pair) for one in half]
    times, events, variants = (_c(column) for column in zip(*both, strict=True))
    yield f"d <- data.frame(t = {times}, e = {events}, v = {variants}, s = rep_len(c(0, 1, 1), {len(both)}))"
    plain, strata = "survdiff(Surv(t, e) ~ v, d)", "survdiff(Surv(t, e) ~ v + strata(s), d)"
    for name, model in (("log_rank", plain), ("stratified_log_rank", strata)):
        yield f"x <- {model}$chisq"
        yield f"say('{name}', '{case}', statistic = x, p_value = pchisq(x, 1, lower.tail = FALSE))"
    for place, variant in enumerate(("control", "treatment")):
        named, times_here = f"{case}, {variant}", [t for t, _ in pair[place]]
        horizon = sorted(times_here)[len(times_here) * 6 // 10]
        yield f"h <- d[d$v == {place}, ]; f <- survfit(Surv(t, e) ~ 1, h); at <- sort(unique(h$t[h$e == 1]))"
        yield f"say('curve', '{named}', times = at, shares = step(f, at))"
        yield f"r <- summary(f, rmean = {horizon})$table"
        yield (
            f"say('restricted_mean', '{named}', horizon = {horizon}, estimate = r['rmean'],"
            f" error_over_n = r['se(rmean)'])"
        )
        yield f"say('median_time', '{named}', estimate = r['median'])"


def _posteriors(case: str, betas: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Chances and losses by R's adaptive quadrature over the density of each Beta posterior."""
    a, b = [1 + x for _, x in betas], [1 + n - x for n, x in betas]
    yield f"a <- {_c(a)}; b <- {_c(b)}; k <- length(a)"
    yield "centre <- a / (a + b); reach <- 12 * sqrt(a * b / (a + b)^3)"
    yield "near <- max(0, min(centre - reach)); far <- min(1, max(centre + reach))"
    yield "others <- function(i, x) { p <- 1; for (j in (1:k)[-i]) p <- p * pbeta(x, a[j], b[j]); p }"
    yield "int <- function(f) integrate(f, near, far, rel.tol = 1e-12, subdivisions = 5000)$value"
    yield "chance <- sapply(1:k, function(i) int(function(x) dbeta(x, a[i], b[i]) * others(i, x)))"
    yield ("loss <- sapply(1:k, function(i) int(function(x) pbeta(x, a[i], b[i]) * (1 - others(i, x))))")
    yield f"say('beta_posteriors', '{case}', chances = chance, losses = loss)"


def _planning() -> Iterator[str]:
    yield "n <- power.prop.test(p1 = 0.1, p2 = 0.12, power = 0.8, tol = 1e-12)$n"
    yield "say('sample_size_of_rates', '10 % to 12 %', each = ceiling(n))"
    yield "p <- power.prop.test(n = 3000, p1 = 0.1, p2 = 0.12, strict = TRUE)$power"
    yield "say('power_of_rates', '10 % to 12 %', power = p)"
    yield "n <- power.t.test(delta = 0.3, sd = 1.2, power = 0.9, tol = 1e-12)$n"
    yield "say('sample_size_of_means', 'a quarter of a deviation', each = ceiling(n))"
    yield "p <- power.t.test(n = 250, delta = 0.3, sd = 1.2, strict = TRUE)$power"
    yield "say('power_of_means', 'a quarter of a deviation', power = p)"
    yield "e <- power.t.test(n = 250, sd = 1.2, power = 0.8, tol = 1e-12, strict = TRUE)$delta"
    yield "say('effect_of_means', '500 participants', effect = e)"
    yield "e <- power.prop.test(n = 3000, p1 = 0.1, power = 0.8, tol = 1e-12, strict = TRUE)$p2 - 0.1"
    yield "say('effect_of_rates', '6000 participants', effect = e)"


def _pooled() -> Iterator[str]:
    columns = [_c(column) for column in zip(*BCG, strict=True)]
    names = ("ai", "bi", "ci", "di")
    yield f"d <- escalc('RR', {', '.join(f'{n} = {c}' for n, c in zip(names, columns, strict=True))})"
    for method, theirs in (("paule_mandel", "PM"), ("dersimonian_laird", "DL")):
        yield f"r <- rma(yi, vi, data = d, method = '{theirs}', test = 'adhoc', control = list(tol = 1e-14))"
        yield (
            f"say('pooled', '{method}', estimate = r$b, lower = r$ci.lb, upper = r$ci.ub, error = r$se,"
            " tau_squared = r$tau2, q = r$QE, q_p_value = r$QEp)"
        )
