"""Adapters to web frameworks and standards, each in a module that imports its framework and nothing else."""
