"""Statistics over counts and sums; no rows, no clock, no randomness that is not seeded."""
