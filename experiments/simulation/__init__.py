"""Experiments made up from known truths, judged by the real analysis: how often its verdicts are right."""
