"""From tallies to results, health and a verdict with its reasons."""
