"""Wrong answers that learners give: a file a notebook, each with what its check says to them."""
