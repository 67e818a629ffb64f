"""Wrong answers to 02."""

from tests.answers.wrong import Wrong

WRONG = [
    Wrong("total_1_s, total_5_s = five.makespan_s, one.makespan_s", "swapped"),
    Wrong("total_1_s, total_5_s = 1.0, 1.0", "the time of one email"),
    Wrong("total_1_s, total_5_s = 5.0, 5.0", "your run at max_jobs 5"),
    Wrong("total_1_s, total_5_s = '5 s', 1.0", "give a number of seconds"),
    Wrong("total_1_s, total_5_s = 5.0, ...", "total_5_s is missing"),
    Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 5 / 3", "like water"),
    Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 1.0", "is one round"),
    Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 5.0", "the time at max_jobs 1"),
    Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 3.0", "count the rounds"),
    Wrong("total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0", "run at 3 is missing"),
    Wrong(
        "total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0\n"
        "three = lab.run(max_jobs=3)\nthree.close()",
        "forget the `await`",
    ),
    Wrong(
        "total_1_s, total_5_s, predicted_3_s, three = 5.0, 1.0, 2.0, five",
        "pass `max_jobs=3`",
    ),
    Wrong(
        "total_1_s, total_5_s, predicted_3_s = 5.0, 1.0, 2.0\n"
        "three = await lab.run(jobs=3, seconds=0.1, max_jobs=3)",
        "to compare, send the same",
    ),
]
