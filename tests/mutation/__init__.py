"""How much the tests notice: small changes of the source are made, and the tests run on each.

`python -m tests.mutation` prints the share of the changes that the tests notice. A change is called
a mutant. A mutant is killed when a test fails or takes too long.
"""
