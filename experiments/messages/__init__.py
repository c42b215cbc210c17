"""The human part of an error: lint and preview."""
