"""The Flask service: storage, use cases, HTTP API, dashboard and command line."""
