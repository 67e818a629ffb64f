"""The worker side: processes that take jobs from Redis and run them.

`python -m workers --help` says how to start one.
"""
