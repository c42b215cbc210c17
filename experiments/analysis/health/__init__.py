"""Whether the data can be trusted: one module a question, all answers together in `health`."""
