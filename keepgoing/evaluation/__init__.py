"""What both ends of the wire agree on: from a ruleset, an error code and a unit to a decision. Pure."""
