"""One analysis as a report, in Markdown, HTML and JSON; the command line and the dashboard share it."""
