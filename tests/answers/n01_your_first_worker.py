"""Wrong answers to 01."""

from tests.answers.wrong import Wrong

WRONG = [
    Wrong('queue_name = "mail"\nsent = await lab.send(email, "mail", timeout_s=0.3)', "waits"),
    Wrong(
        'queue_name = "workers"\nsent = await lab.send(email, "workers", timeout_s=0.3)',
        "waits",
    ),
    Wrong('queue_name = "email"\nsent = None', "nothing was sent"),
]
