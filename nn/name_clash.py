"""One clear sentence where the package named autograd is another one: HIPS autograd."""

import autograd

if not hasattr(autograd, "Value"):
    raise ImportError(
        "chalkgrad and HIPS autograd both install a package named 'autograd', so they cannot share "
        "an environment. Give chalkgrad one of its own: python3 -m venv .venv, then install it "
        f"there (the autograd found here is {autograd.__file__})"
    )
