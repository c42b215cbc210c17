"""The domain that only the server knows: definitions, messages, statistics, analysis and verdict."""
