"""The limits that health and verdict share; a change of any of them is a change of the verdict's rules."""

from __future__ import annotations

MOST_DOUBLY_EXPOSED = 0.01
UNITS_BEFORE_EMPTY = 200
SEQUENTIAL_SRM = 0.01
CHI_SQUARE_SRM = 0.0005
CHI_SQUARE_WARNING = 0.01
HARM_ALPHA = 0.01
DIAGNOSIS_SRM = 0.01
"""A day or a segment's value whose split has an adjusted p-value below this is named; it stops nothing."""
BALANCE_WARNING = 0.001
"""Below it (adjusted) what was measured before the exposure differs; low, because it is looked at daily."""
NOVELTY_WARNING = 0.01
"""Below it (adjusted) the lift changes with the time of the first exposure."""
TOO_GOOD_MDES = 3.0
TOO_GOOD_DEVIATIONS = 4.0
"""A lift that is beyond so many of the plan's MDE, and of the prior's deviations, is looked at twice."""
OUTLIERS_SHARE = 0.001
"""The share of participants whose values are capped to see whether they carry a result."""
OUTLIERS_MOVE = 0.25
"""A lift that moves by a smaller share of itself when they are capped is not carried by them."""
LONGEST_WAIT_SECONDS = 600
"""An event that waits longer to be counted means that nothing counts."""
LATE_SECONDS = 3600
"""Events that arrive later than this on average change numbers that look final."""
SILENCE_SECONDS = 86_400
"""A running experiment that hears nothing for longer may have lost its host."""
MOST_UNCOUNTED = 0.05
LOSS_OF_MDE = 0.1
"""The leader of several wins if choosing it costs at most this share of the smallest effect worth finding."""
OVER = ("stopped", "archived")
"""The statuses after which no participant comes any more."""
EVENTS_FOR_MEANS = 6
"""A mean or ratio asks so many times `min_conversions`, of all variants together: 150 where a rate asks 25
of each."""
