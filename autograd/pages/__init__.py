"""What live pages share: the operations printed as JavaScript, an engine, and a view of a graph.

The modules that end in ``.js`` know nothing of steps or of training. `autograd.stepper.page` adds
what plays steps. `javascript` prints operations from the table. `scripts` joins modules into one
script, and `document` puts a page together: one file without a build step.
"""
