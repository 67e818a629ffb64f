"""Exercise checks, one module a notebook."""

from lessonkit.checks.concurrency import check_totals as check_totals
from lessonkit.checks.effects import check_effects as check_effects
from lessonkit.checks.events import check_log as check_log
from lessonkit.checks.first_worker import check_sent as check_sent
from lessonkit.checks.handover import check_handover as check_handover
from lessonkit.checks.launch import check_launch as check_launch
from lessonkit.checks.places import check_places as check_places
from lessonkit.checks.rate import check_rate as check_rate
from lessonkit.checks.rescue import check_rescue as check_rescue
from lessonkit.checks.scale import check_cap as check_cap
from lessonkit.checks.start_here import check_mended as check_mended
from lessonkit.checks.waits import check_wait as check_wait
