"""What the witnesses are asked about: the same numbers everywhere, made by the standard library alone."""

from __future__ import annotations

RATES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "cookie-cats": ((44_700, 8_502), (45_489, 8_279)),
    "udacity": ((145_274, 17_489), (145_310, 17_264)),
    "small": ((1_000, 100), (1_010, 130)),
    "uneven": ((9_000, 180), (1_000, 31)),
    "most convert": ((500, 470), (510, 455)),
}
"""Control and treatment: participants and conversions."""

SPLITS: dict[str, tuple[tuple[int, ...], tuple[float, ...]]] = {
    "cookie-cats": ((44_700, 45_489), (0.5, 0.5)),
    "three": ((2_530, 2_390, 5_060), (0.25, 0.25, 0.5)),
    "even three": ((1_010, 960, 1_040), (1, 1, 1)),
    "kohavi": ((821_588, 815_482), (0.5, 0.5)),
}
"""Participants of each variant, and its weight."""

P_VALUES = {
    "six": (0.001, 0.008, 0.039, 0.041, 0.042, 0.06),
    "ties": (0.02, 0.02, 0.5, 0.9),
    "small ones": (1e-12, 0.03, 0.2),
}

FREIREICH: dict[str, list[tuple[int, int]]] = {
    "6-MP": [(6, 1)] * 3
    + [(7, 1), (10, 1), (13, 1), (16, 1), (22, 1), (23, 1)]
    + [(t, 0) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)],
    "placebo": [(t, 1) for t in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)],
}
"""Weeks of remission of leukaemia, and whether it ended: Freireich et al. 1963, Blood 21, 699."""


def made_up_pairs(seed: int, count: int, shift: int) -> list[tuple[int, int]]:
    """The same (y, x) on every machine, y = 3 x + noise + shift: by a generator of ANSI C, no library's."""
    pairs, state = [], seed
    for _ in range(count):
        drawn = []
        for choices in (9, 11):
            state = (1103515245 * state + 12345) % 2**31
            drawn.append((state >> 16) % choices)
        x = 1 + drawn[0]
        pairs.append((3 * x + drawn[1] + shift, x))
    return pairs


def made_up_times(seed: int, count: int, scale: int) -> list[tuple[int, int]]:
    """Times and whether the event came then: a third of the participants are censored."""
    return [(1 + y * scale // 10, int(x > 3)) for y, x in made_up_pairs(seed, count, 0)]


PAIRS: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {
    "alike": (made_up_pairs(1, 120, 0), made_up_pairs(2, 150, 2)),
    "wild treatment": (made_up_pairs(3, 900, 0), [(3 * y, x) for y, x in made_up_pairs(4, 130, 1)]),
}
"""Control and treatment: of each participant the outcome y, and the denominator or covariate x.

In "wild treatment" the smaller variant varies much more than the larger."""

DURATIONS: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {
    "freireich": (FREIREICH["placebo"], FREIREICH["6-MP"]),
    "made up": (made_up_times(5, 200, 20), made_up_times(6, 180, 24)),
}
"""Control and treatment: of each participant the time, and whether the event came then."""

POSTERIORS: dict[str, tuple[tuple[int, int], ...]] = {
    "two": ((1_000, 100), (1_010, 120)),
    "three": ((400, 30), (380, 41), (410, 44)),
    "few": ((12, 0), (9, 3)),
}
"""Participants and conversions of each variant, the control first."""

BCG = [
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]
"""Colditz et al. 1994, as metafor's dat.bcg: tuberculosis, cases and others of vaccinated and of the rest."""
