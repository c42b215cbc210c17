"""Definitions, events and tallies: the one schema of YAML, API, forms and OpenAPI."""
