"""How Sphinx makes the site: ``sphinx-build -W notebooks build/site``.

The chapters show the outputs that are stored in the notebooks. The how-to pages and the playground
are run while the site is built, so that what they show is what the library does today. The
reference is made from docstrings, and the page of operations from the table of operations.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import nn
from autograd import TABLE, Operation
from nn.losses import Loss

project = "chalkgrad"
author = "the authors of chalkgrad"
html_title = "chalkgrad"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["README.md", ".ipynb_checkpoints"]  # course.md includes README.md
default_role = "py:obj"  # a name in single backticks leads to its entry in the reference

html_theme = "furo"
html_math_renderer = "mathml"  # the browser draws formulas: no script, no font, nothing to load
html_show_search_summary = False  # a page opened as a file may not read the others
html_show_sphinx = False
html_copy_source = False
FOCUS_WHAT_SCROLLS = """addEventListener("load", () => {
  for (const each of document.querySelectorAll("pre, .math-wrapper, .table-wrapper")) {
    const { clientHeight, clientWidth, scrollHeight, scrollWidth } = each;
    if (scrollWidth > clientWidth || scrollHeight > clientHeight) each.tabIndex = 0;
  }
});"""  # so that wide code, formulas and tables scroll by keyboard too
html_js_files = [(None, {"body": FOCUS_WHAT_SCROLLS})]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # a page that is to be run says so at its top
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_render_image_options = {"alt": "The picture that the code above draws"}

autodoc_typehints = "none"  # the signatures are read by students; type checkers read the source
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"


def write_formula(writer: Any, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML."""
    formula = node.astext().replace("{aligned}", "{split}")  # the name that latex2mathml knows
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    made = convert(formula, display=display)
    for side in ("left", "right"):  # browsers align by style alone
        made = made.replace(f'columnalign="{side}"', f'style="text-align: {side}"')
    writer.body.append(made)
    raise nodes.SkipNode


def entry(module: str, name: str, function: Any) -> list[str]:
    """Return the entry of an object that is called as a function: an operation, a loss."""
    doc = inspect.cleandoc(function.__doc__ or "").splitlines()
    parameters = inspect.signature(function).parameters.values()
    plain = [each.replace(annotation=each.empty) for each in parameters]
    signature = inspect.Signature(plain)
    head = ["", f".. py:function:: {name}{signature}", f"   :module: {module}", ""]
    return head + [f"   {line}" for line in doc]


class Losses(SphinxDirective):
    """All losses of `nn`."""

    def run(self) -> list[nodes.Node]:
        known = [name for name in nn.__all__ if isinstance(getattr(nn, name), Loss)]
        lines = [line for name in known for line in entry("nn", name, getattr(nn, name))]
        return self.parse_text_to_nodes("\n".join(lines))


class OperationTable(SphinxDirective):
    """All entries of the table of operations, in its order: a summary, then each function."""

    def run(self) -> list[nodes.Node]:
        operations = [operation for operation in TABLE.values() if not operation.is_own]
        lines = [".. list-table::", "   :header-rows: 1", ""]
        lines += ["   * - function", "     - formula", "     - domain", "     - activation"]
        for each in operations:
            operands = each.parameters if each.arity else ["a", "b"]
            lines += [f"   * - `autograd.{each.name}`"]
            lines += [f"     - ``{each.definition(operands)}``"]
            lines += [f"     - {f'``{each.domain}``' if each.domain else 'everywhere'}"]
            lines += [f"     - {'yes' if each.activation else 'no'}"]
        for each in operations:
            lines += entry("autograd", each.name, each)
        return self.parse_text_to_nodes("\n".join(lines))


def skip_operation(app: Sphinx, kind: str, name: str, member: Any, *_: Any) -> bool | None:
    """Leave out operations, which have their own page, and what scikit-learn adds to a class."""
    made_by_sklearn = str(getattr(member, "__module__", "")).startswith("sklearn")
    return True if isinstance(member, Operation) or made_by_sklearn else None


def as_rst(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Mark up what is plain in docstrings: indented formulas, and ``name: text`` for arguments."""
    result: list[str] = []
    for line in lines:
        after_a_gap = bool(result) and not result[-1].strip()
        before = next((text for text in reversed(result) if text.strip()), "")
        is_marked = before.startswith((" ", ">>>")) or before.endswith("::")
        if after_a_gap and line.startswith("    ") and not is_marked:
            result += ["::", ""]
        argument = re.match(r"[a-z]\w*(, [a-z]\w*)*(?=: )", line, re.IGNORECASE)
        if argument and not before.startswith((">>>", "...")):
            line = f"**{argument[0]}**{line[argument.end() :]}"
            if not after_a_gap:
                result += [""]
        if "`" not in line and not line.startswith((">>>", "...")):
            line = line.replace(", *", r", \*")  # the *xs of a signature opens no emphasis
        result += [line]
    lines[:] = result


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.add_directive("losses", Losses)
    app.add_directive("operation-table", OperationTable)
    app.connect("autodoc-skip-member", skip_operation)
    app.connect("autodoc-process-docstring", as_rst)
