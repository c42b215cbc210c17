"""The pages for people: the project's experiments, each with its report, behind a sign-in by key."""
