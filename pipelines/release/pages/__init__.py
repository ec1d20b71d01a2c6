"""Report pages: static HTML in Russian and English, made from the published database alone.

``build_pages`` is the door. A page is a list of sections (``blocks``); a section is words, figures and
tables; charts are SVG written by ``charts``; ``templates`` hold the one template and the one stylesheet.
"""

from pipelines.release.pages.build import build_pages

__all__ = ["build_pages"]
