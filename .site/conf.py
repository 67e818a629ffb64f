"""Sphinx's settings for the site, which `build.py` makes from the notebooks.

A page needs nothing but the site's own files: no formula, font or script comes from elsewhere.
"""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

project = "Background workers, hands on"
author = "the lessonkit authors"
copyright = "the lessonkit authors, MIT licence"  # noqa: A001 (Sphinx calls it so)
extensions = ["myst_nb"]
language = "en"

# build.py has run them
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
templates_path = ["."]
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {"**": ["series.html"]}
html_theme_options = {
    "article_header_start": [],
    "footer_end": [],
    "footer_start": ["copyright"],
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": True,
    "search_bar_text": "Search the notebooks …",
    "show_prev_next": False,  # each notebook says itself what comes before and after it
    "secondary_sidebar_items": ["page-toc"],
}


def write_inline(writer, node):
    """A formula in a line."""
    writer.body.append(mathml(node, block=False))
    raise SkipNode


def write_block(writer, node):
    """A formula of its own."""
    writer.body.append(mathml(node, block=True))
    raise SkipNode


def mathml(node, *, block):
    """MathML, which browsers draw and screen readers read. Raises for TeX that is not known."""
    return tex2mathml(node.astext(), as_block=block).replace("\\_", "_")


def setup(app):
    """Have formulas written as above."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
