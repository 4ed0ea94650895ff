"""The notebook on outputs, losses and hidden units gives what was committed."""

import pytest

from tests.support.notebooks import assert_reproduces


@pytest.mark.slow
def test_the_notebook_on_outputs_and_units_gives_what_was_committed():
    pytest.importorskip("matplotlib")
    assert_reproduces("outputs_and_units.ipynb")
