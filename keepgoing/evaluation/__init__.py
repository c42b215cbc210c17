"""What both ends of the wire agree on: from a ruleset, an error code and a unit to a decision. Pure."""

from keepgoing.evaluation.decide import decide
from keepgoing.evaluation.decision import Decision
from keepgoing.evaluation.ruleset import Ruleset, compile_ruleset

__all__ = ["Decision", "Ruleset", "compile_ruleset", "decide"]
