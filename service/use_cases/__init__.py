"""What the service does, one short function each: load, one domain call, save."""
