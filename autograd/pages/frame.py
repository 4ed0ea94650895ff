"""A page in a notebook or in a file: `framed` and `save_page`."""

from __future__ import annotations

import errno
import html
import os
from pathlib import Path
from string import Template

from .scripts import joined, read

FOLDER = "autograd/pages"


def framed(
    page: str,
    title: str,
    height_px: int,
    image: str = "",
    alt: str = "",
    purpose: str = "step through this graph",
) -> str:
    """Return the page in a sandboxed frame, with a script that fits it to its surroundings.

    image: a data URL of a picture, which lies under the frame for notebooks that drop frames.
    purpose: what such a reader cannot do there.
    """
    markup, height = "", str(height_px)
    if image:
        parts = {"alt": html.escape(alt), "source": image, "purpose": html.escape(purpose)}
        markup = _fill("image.html", height=height, **parts)
    parts = {"title": html.escape(title), "height": height, "picture": markup}
    quoted = page.replace("&", "&amp;").replace("'", "&#39;")
    return _fill("frame.html", page=quoted, host=joined(f"{FOLDER}/frame_host.js"), **parts)


def _fill(template: str, **parts: str) -> str:
    return Template(read(f"{FOLDER}/{template}")).substitute(parts)


def save_page(page: str, given: str | os.PathLike[str]) -> None:
    """Write the page to a path, whole or not at all. OSError names the path if it fails.

    A replaced file keeps its permissions. A link stays one, and its target is replaced. OSError too
    for a device or a pipe. ValueError if ``given`` cannot be the path of a file.
    """
    path = Path(given)
    try:
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        new = target.with_name(f".{target.name}.{os.getpid()}.new")
        if target.exists() and not (target.is_file() or target.is_dir()):
            raise OSError(errno.EINVAL, "not a regular file")
        try:
            new.write_text(page, "utf-8")
            if target.is_file():
                new.chmod(target.stat().st_mode)
            new.replace(target)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = f"cannot write the page: {error.strerror}"
        reason += ", make the folder first" * isinstance(error, FileNotFoundError)
        raise OSError(error.errno, reason, str(path)) from None
    except ValueError as error:
        why = str(error) if path.name else "give a name, such as 'page.html'"
        raise ValueError(f"{given!r} cannot be the path of a file: {why}") from None
