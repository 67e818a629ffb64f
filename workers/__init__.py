"""The worker side: processes that take jobs from Redis and run them. See `python -m workers --help`."""
