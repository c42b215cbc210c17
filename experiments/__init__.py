"""The domain that only the server knows: definitions (model), messages, statistics (stats), analysis and verdict."""
