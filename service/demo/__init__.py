"""The demo: real experiments replayed through the real event path, and one simulated and labelled so."""
