"""Synonyms of English words, read from the files of WordNet."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import Path as ZipPath

from lightning_synthaug.errors import MissingDependency

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["find_wordnet", "synonyms"]

_PARTS: Final = ("noun", "verb", "adj", "adv")
#: Where Debian's `wordnet-base` puts its files, and where nltk looks for data besides `NLTK_DATA`.
_DEBIAN: Final = Path("/usr/share/wordnet")
_NLTK: Final = ("~/nltk_data", "/usr/share/nltk_data", "/usr/local/share/nltk_data")


def find_wordnet(folder: str | Path | None = None) -> str:
    """Find the files of WordNet; nothing is downloaded.

    Args:
        folder: Folder with `index.noun` and the like, or a zip file with such a folder `wordnet`. None: the folders
            of the variables `WNSEARCHDIR` and `NLTK_DATA`, and those where Debian's package and nltk put them.

    Returns:
        Path of the folder or of the zip file.

    Raises:
        MissingDependency: None of these has them (SA831).
    """
    tried = [Path(folder)] if folder is not None else _usual()
    for place in tried:
        if _inside(place, "index.noun").is_file():
            return str(place)
    msg = (
        f"Synonyms need the files of WordNet, got none in {', '.join(map(str, tried))}. Install them: "
        "`apt-get install wordnet-base` (Debian, Ubuntu), or `pip install nltk` and "
        "`python -m nltk.downloader wordnet`, or pass their folder as `wordnet=`."
    )
    raise MissingDependency("SA831", msg)


@lru_cache(maxsize=1 << 16)
def synonyms(word: str, wordnet: str) -> tuple[str, ...]:
    """List the synonyms of a word, of all its senses.

    Forms are taken as they are: "film" has synonyms and "films" has none, so that a sentence keeps its grammar.

    Args:
        word: A word in lower case.
        wordnet: From `find_wordnet`.

    Returns:
        Words in lower case but for names, without the word itself, the most common senses first.

    Source:
        Miller, "WordNet: a lexical database for English" (1995), doi:10.1145/219717.219748; the format is
        described in the manual page wndb(5WN).
    """
    found: dict[str, None] = {}
    for part in _PARTS:
        index, data = _files(wordnet, part)
        start = index.find(f"\n{word} ".encode()) + 1
        if not start:
            continue
        entry = index[start : index.index(b"\n", start)].split()
        for offset in map(int, entry[-int(entry[2]) :]):
            synset = data[offset : data.index(b"\n", offset)].split()
            for name in synset[4 : 4 + 2 * int(synset[3], 16) : 2]:
                # "galore(ip)": the brackets say where an adjective may stand
                found[name.decode().partition("(")[0].replace("_", " ")] = None
    return tuple(name for name in found if name.lower() != word)


@cache
def _files(wordnet: str, part: str) -> tuple[bytes, bytes]:
    """Read the index and the data of one part of speech, once in a process."""
    index, data = (_inside(Path(wordnet), f"{kind}.{part}") for kind in ("index", "data"))
    return index.read_bytes(), data.read_bytes()


def _inside(place: Path, name: str) -> Traversable:
    """Point to a file in a folder, or in the zip file that nltk's downloader leaves."""
    if place.suffix == ".zip" and place.is_file():
        return ZipPath(place, f"wordnet/{name}")
    return place / name


def _usual() -> list[Path]:
    """List the places where the files may be."""
    own = [Path(folder) for folder in (os.environ.get("WNSEARCHDIR"),) if folder]
    roots = [*filter(None, os.environ.get("NLTK_DATA", "").split(os.pathsep)), *_NLTK]
    corpora = [Path(root).expanduser() / "corpora" for root in roots]
    return [*own, _DEBIAN, *(c / name for c in corpora for name in ("wordnet", "wordnet.zip"))]
