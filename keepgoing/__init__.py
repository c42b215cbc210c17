"""Keepgoing's SDK: the message that keeps a user going, in one call that never fails its host."""

__version__ = "0.1.0"
