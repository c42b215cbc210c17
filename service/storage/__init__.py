"""Tables, the event log, the fold and its derived rows."""
