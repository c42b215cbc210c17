"""The limits that health and verdict share; a change of any of them is a change of the verdict's rules."""

from __future__ import annotations

MOST_DOUBLY_EXPOSED = 0.01
UNITS_BEFORE_EMPTY = 200
SEQUENTIAL_SRM = 0.01
CHI_SQUARE_SRM = 0.0005
CHI_SQUARE_WARNING = 0.01
HARM_ALPHA = 0.01
LOSS_OF_MDE = 0.1
"""The leader of several wins if choosing it costs at most this share of the smallest effect worth finding."""
OVER = ("stopped", "archived")
"""The statuses after which no participant comes any more."""
EVENTS_FOR_MEANS = 6
"""A mean or ratio asks so many times `min_conversions`, of all variants together: 150 where a rate asks 25
of each."""
