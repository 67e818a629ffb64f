"""Exercise checks, one module a notebook."""

from lessonkit.checks.concurrency import check_totals as check_totals
from lessonkit.checks.first_worker import check_sent as check_sent
from lessonkit.checks.start_here import check_mended as check_mended
