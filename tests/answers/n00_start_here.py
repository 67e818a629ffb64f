"""Wrong answers to 00."""

from tests.answers.wrong import Wrong

WRONG = [
    Wrong("max_jobs = 0\nreport = await lessonkit.examine(lab, max_jobs)", "still red"),
    Wrong("max_jobs = 'two'\nreport = await lessonkit.examine(lab, max_jobs)", "still red"),
    Wrong("max_jobs = 1\nreport = None", "has not looked"),
]
