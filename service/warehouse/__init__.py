"""Tables outside the service's own database, added up where they lie; the same tallies come out."""
