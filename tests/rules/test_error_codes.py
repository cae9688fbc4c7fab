"""Error codes are a closed set: each one used has a page and a test, each page has a use."""

from __future__ import annotations

import ast
import re

from tests.rules.repository import (
    ERROR_PAGES,
    PLUGINS,
    ROOT,
    files,
    modules,
    plugin_modules,
    shown,
    tree,
)

CODE = re.compile(r"SA\d{3}")
SECTIONS = ("What happened", "Why", "What to do")


def used_codes() -> dict[str, str]:
    """Code -> first module with it, from string literals that are a code and nothing else."""
    found: dict[str, str] = {}
    for path in [*modules(), *plugin_modules()]:
        constants = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Constant))
        for value in (node.value for node in constants):
            if isinstance(value, str) and CODE.fullmatch(value):
                found.setdefault(value, shown(path))
    return dict(sorted(found.items()))


def codes_named_in_tests() -> set[str]:
    """Codes that a test expects: in a string that is neither a comment nor a docstring, such as `match=`."""
    tests, rules = ROOT / "tests", ROOT / "tests" / "rules"
    trees = [
        tree(path)
        for path in files(".py")
        if (path.is_relative_to(tests) and not path.is_relative_to(rules))
        or (path.is_relative_to(PLUGINS) and "tests" in path.parts)
    ]
    texts = (
        child.value
        for module in trees
        for node in ast.walk(module)
        if not isinstance(node, ast.Expr)  # where docstrings hang
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.Constant) and isinstance(child.value, str)
    )
    return {code for text in texts for code in CODE.findall(text)}


USED = used_codes()
PAGES = {path.stem: path for path in ERROR_PAGES.glob("SA*.md")}


def page_faults(code: str, text: str) -> list[str]:
    """What is missing from the page of a code."""
    parts = {rf"\A# {code}: \S": f"title `# {code}: ...`"}
    parts |= {rf"^(## |\*\*){part}": f"section `{part}`" for part in SECTIONS}
    return [
        f"{code}: no {what}"
        for part, what in parts.items()
        if not re.search(part, text, re.MULTILINE)
    ]


def clauses(code: str) -> list[str]:
    """What must hold, in the words of the modules that raise a code: literals of messages, up to what was got."""
    paths = [*modules(), *plugin_modules()]
    named = (path for path in paths if f'"{code}"' in path.read_text(encoding="utf-8"))
    nodes = (node for path in named for node in ast.walk(tree(path)))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    found = (" ".join(t.partition(", got ")[0].split()) for t in texts if isinstance(t, str))
    return [text for text in found if re.search(r"\b(must|needs?)\b", text)]


def quotes(code: str, text: str) -> list[str]:
    """Messages that a page quotes with its code, in one line each."""
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [quote for quote in (" ".join(b.split()) for b in blocks) if quote.endswith(f"[{code}]")]


def test_each_page_quotes_a_message_so_that_a_search_finds_it() -> None:
    wrong = []
    for code, path in PAGES.items():
        quoted = quotes(code, path.read_text(encoding="utf-8"))
        if not any(clause in quote for quote in quoted for clause in clauses(code)):
            wrong.append(
                f"{path.name}: a `text` block with a message as it is raised, [{code}] at its end"
            )
    assert not wrong, "\n".join(wrong)


def test_each_code_has_a_page() -> None:
    missing = [
        f"docs/errors/{code}.md ({name})" for code, name in USED.items() if code not in PAGES
    ]
    assert not missing, f"write {', '.join(missing)}"


def test_each_page_has_its_sections() -> None:
    texts = {code: path.read_text(encoding="utf-8") for code, path in PAGES.items()}
    faults = [fault for code, text in texts.items() for fault in page_faults(code, text)]
    assert not faults, "\n".join(faults)


def test_each_page_describes_a_code_that_is_raised() -> None:
    assert not sorted(set(PAGES) - set(USED))


def test_each_code_is_named_in_a_test() -> None:
    tested = codes_named_in_tests()
    missing = [f"{code} ({name})" for code, name in USED.items() if code not in tested]
    assert not missing, f"no test names {', '.join(missing)}"


def test_no_floor_raises_the_codes_of_one_above_it() -> None:
    own = {
        "plan": 1,
        "data": 2,
        "store": 3,
        "generators": 4,
        "filling": 5,
        "mixing": 6,
        "trainer": 7,
    }
    missing_library = 8  # may be found out anywhere
    wrong = [
        f"{code} in {name}"
        for code, name in USED.items()
        if own.get(name.split("/")[1], 9) < int(code[2]) != missing_library
    ]
    assert not wrong
