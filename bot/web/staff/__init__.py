"""The staff console: pages behind a log-in, an application of its own at /staff."""
