"""The Python in README and docs runs, so that what a reader copies works.

The blocks of a page run in order, in one namespace, in an empty folder. Two HTML comments steer it:

* `<!-- not run: REASON -->` on the line before a block leaves that block out;
* `<!-- setup` ... `-->` holds code that runs at its place unseen, on pages where a reader would not see it in the raw
  file before what the page is about.

What readers bring along stands elsewhere: modules in `brought`, which any page can import; and for the pages of
`docs/errors` the two datasets of `DATASETS`. On one of those a block may end in that page's own error: showing it is
its purpose.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.errors import SynthAugError
from tests.rules.repository import ERROR_PAGES, ROOT, files, shown

_PART = re.compile(
    r"<!-- setup\n(?P<setup>.*?)^-->$"
    r"|(?P<skip><!-- not run:(?P<reason>[^>]*)-->\n+)?"
    r"^(?P<indent> *)(?P<fence>```+)(?P<language>[^\n]*)\n(?P<code>.*?)^ *(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """Code of one block, where it starts, and why it is left out (None: it runs)."""

    line: int
    code: str
    left_out: str | None


def blocks(text: str) -> Iterator[Block]:
    """Python blocks and setups of a page, in order."""
    for match in _PART.finditer(text):
        part = "setup" if match["setup"] is not None else "code"
        if part == "code" and match["language"].strip().strip("{}") not in {"python", "py"}:
            continue
        margin = " " * len(match["indent"] or "")
        lines = (line.removeprefix(margin) for line in match[part].splitlines())
        line = text.count("\n", 0, match.start(part)) + 1
        yield Block(line, "\n".join(lines), match["reason"])


BROUGHT = Path(__file__).with_name("brought")
DATASETS = {
    name: TensorDataset(torch.rand(size, 1, 8, 8), torch.arange(size) % 4)
    for name, size in {"real": 40, "synthetic": 20}.items()
}

PAGES = [
    path
    for path in files(".md")
    if (path == ROOT / "README.md" or path.is_relative_to(ROOT / "docs"))
    and any(blocks(path.read_text(encoding="utf-8")))
]


def run(path: Path, page: list[Block]) -> None:
    """Run the blocks of a page; line numbers in tracebacks are the page's."""
    namespace: dict[str, object] = {"__name__": "__page__"}
    if path.parent == ERROR_PAGES:
        namespace |= DATASETS
    for block in page:
        if block.left_out is not None:
            continue
        code = compile("\n" * (block.line - 1) + block.code, str(path), "exec")
        try:
            exec(code, namespace)
        except SynthAugError as error:
            if path.parent != ERROR_PAGES or error.code != path.stem:
                raise


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(BROUGHT)
    for module in BROUGHT.glob("*.py"):
        monkeypatch.delitem(sys.modules, module.stem, raising=False)
    run(path, list(blocks(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_what_is_left_out_says_why(path: Path) -> None:
    for block in blocks(path.read_text(encoding="utf-8")):
        assert block.left_out is None or len(block.left_out.split()) >= 3, f"line {block.line}"


EXAMPLE = """
<!-- setup
hidden = 1
-->

```python
shown = hidden + 1
```

```console
$ not python
```

<!-- not run: it needs a network -->
```python
1 / 0
```

* in a list

  ```python
  assert shown == 2
  ```
"""


def test_blocks_are_found_with_their_lines() -> None:
    found = list(blocks(EXAMPLE))
    assert [b.code for b in found] == [
        "hidden = 1",
        "shown = hidden + 1",
        "1 / 0",
        "assert shown == 2",
    ]
    assert [b.line for b in found] == [3, 7, 16, 22]
    assert [b.left_out for b in found] == [None, None, " it needs a network ", None]


def test_blocks_share_a_namespace_and_skips_are_skipped(tmp_path: Path) -> None:
    run(tmp_path / "page.md", list(blocks(EXAMPLE)))


def test_a_failing_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(tmp_path / "page.md", [Block(1, "1 / 0", None)])
