"""Keepgoing inside other frameworks; each module imports its framework and nothing else does."""
