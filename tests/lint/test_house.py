# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each rule of house.py refuses a small tree that breaks the rule, and accepts one that does not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import house
import size
import words
from source import Source

C = "// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
PYTHON = "# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
Check = Callable[[dict[str, str]], list[str]]


@pytest.fixture(name="check")
def fixture_check(tmp_path: Path) -> Check:
    """Checks a tree of these files by all rules, and by all words."""

    def run(files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return house.check(tmp_path)

    return run


def c_function(lines: int, head: str = "int f(void)") -> str:
    """A function of so many lines between its braces."""
    return f"{head}\n{{\n" + "\tg();\n" * lines + "}\n"


def test_accepts_a_tree_that_keeps_the_rules(check: Check) -> None:
    assert not check(
        {
            "user/probe/read.c": C + '#include "probe/read.h"\n#include "base/error.h"\n',
            "user/probe/read.h": C,
            "user/base/error.h": C,
            "bpf/wire.h": C,
            "tests/unit/test_it.py": PYTHON + "import helpers\n",
            "README.md": "# Title\n[here](#title), [there](docs/page.md#one-two)\n",
            "docs/page.md": "# One two\n",
        }
    )


@pytest.mark.parametrize("name", ["user/probe/a.c", "bpf/a.bpf.c", "tests/a.py", "docs/a.sh"])
def test_refuses_a_source_without_a_licence(check: Check, name: str) -> None:
    assert check({name: "\n"}) == [f"{name}: does not name its licence"]


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_refuses_a_promise(check: Check, word: str) -> None:
    assert check({"user/base/a.c": f"{C}/* {word}: later */\n"}) == [
        f"user/base/a.c: leaves work for later: {word}"
    ]


@pytest.mark.parametrize(
    ("name", "limit"),
    [("user/base/a.c", 600), ("bpf/tokio/a.bpf.c", 200), ("user/main.c", 120)],
)
def test_refuses_a_long_file(check: Check, name: str, limit: int) -> None:
    assert not check({name: C + "\n" * (limit - 1)})
    assert check({name: C + "\n" * limit}) == [f"{name}: {limit + 1} lines; the limit is {limit}"]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("int f(void)", "f"),
        ("static struct thing *find(struct list *list,\n\t\t\t\t  int key)", "find"),
        ('SEC("uprobe")\nint BPF_PROG(started, u64 header)', "started, u64 header"),
        ("Test(suite, name)", "suite, name"),
    ],
)
def test_refuses_a_long_c_function(check: Check, head: str, name: str) -> None:
    assert not check({"user/base/a.c": C + c_function(58, head)})
    assert check({"user/base/a.c": C + c_function(59, head)}) == [
        f"user/base/a.c:2: {name}() has 61 lines; the limit is 60"
    ]


def test_counts_each_c_function_alone() -> None:
    text = C + "struct pair {\n\tint a;\n};\n\n" + c_function(1) + "\n" + c_function(2, "int g(void)")
    assert list(size.c_functions(text)) == [(6, "f", 3), (11, "g", 4)]


def test_refuses_a_long_python_function(check: Check) -> None:
    name = "tests/bench/a.py"
    assert not check({name: PYTHON + "def f():\n" + "    g()\n" * 59})
    assert check({name: PYTHON + "def f():\n" + "    g()\n" * 60}) == [
        f"{name}:2: f() has 61 lines; the limit is 60"
    ]


def test_refuses_a_later_layer(check: Check) -> None:
    assert check({"user/elf/a.c": C + '#include "probe/read.h"\n'}) == [
        "user/elf/a.c: includes probe/, a later layer than elf/"
    ]


def test_refuses_an_unknown_layer(check: Check) -> None:
    assert check({"user/misc/a.c": C}) == ["user/misc/a.c: misc/ is not in the list of layers"]


def test_refuses_two_units_that_include_each_other(check: Check) -> None:
    assert check(
        {
            "user/plan/a.c": C + '#include "plan/a.h"\n#include "plan/b.h"\n',
            "user/plan/a.h": C,
            "user/plan/b.h": C + '#include "plan/a.h"\n',
        }
    ) == ["units that include each other: user/plan/a -> user/plan/b -> user/plan/a"]


def test_refuses_a_circle_through_others(check: Check) -> None:
    assert check(
        {
            "bpf/tokio/a.bpf.c": C + '#include "b.h"\n',
            "bpf/tokio/a.bpf.h": C,
            "bpf/tokio/b.h": C + '#include "http/c.h"\n',
            "bpf/http/c.h": C + '#include "tokio/a.bpf.h"\n',
        }
    ) == ["units that include each other: bpf/http/c -> bpf/tokio/a -> bpf/tokio/b -> bpf/http/c"]


def test_an_internal_header_is_no_circle(check: Check) -> None:
    assert not check(
        {
            "user/probe/a.c": C + '#include "probe/internal.h"\n',
            "user/probe/a.h": C,
            "user/probe/internal.h": C + '#include "probe/a.h"\n',
        }
    )


@pytest.mark.parametrize(
    "line",
    ["import test_other", "from test_other import f", "from . import test_other", "import b.test_other"],
)
def test_refuses_a_test_that_imports_a_test(check: Check, line: str) -> None:
    (problem,) = check({"tests/integration/test_a.py": f"{PYTHON}{line}\n"})
    assert problem.startswith("tests/integration/test_a.py:2: imports the test module ")


@pytest.mark.parametrize("link", ["missing.md", "#missing", "page.md#missing"])
def test_refuses_a_broken_link(check: Check, link: str) -> None:
    assert len(check({"docs/index.md": f"[link]({link})\n", "docs/page.md": "# Title\n"})) == 1


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("user/base/a.c", f"{C}\n/* A comment.\n * It is ", ". */\n"),
        ("bpf/a.bpf.c", f"{C}\n// ", "\n"),
        ("user/base/a.c", f'{C}\nconst char *text = "', '";\n'),
        ("docs/a.py", f"{PYTHON}# ", "\n"),
        ("docs/a.md", "", "\n"),
        ("README.md", "", "\n"),
        ("observability/a.md", "", "\n"),
    ],
)
def test_refuses_a_retired_word(check: Check, name: str, before: str, after: str) -> None:
    assert not check({name: f"{before}malformed{after}"})
    (problem,) = check({name: f"{before}Strange{after}"})
    line = before.count("\n") + 1
    assert problem == f'{name}:{line}: "Strange": write malformed, unexpected'


def test_refuses_a_phrase_across_lines(check: Check) -> None:
    (problem,) = check({"user/base/a.c": f"{C}/* Probes are let\n * go now. */\n"})
    assert '"let go"' in problem


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("user/base/a.c", f"{C}int strange;\n"),
        ("user/base/a.c", f'{C}#include "strange/strange.h"\n'),
        ("docs/a.md", "`strange`\n```\nstrange\n```\n"),
        ("tests/a.py", f"{PYTHON}# strange\n"),
        ("user/base/a.c", f"{C}/* an estrangement */\n"),
    ],
)
def test_accepts_a_retired_word_elsewhere(check: Check, name: str, text: str) -> None:
    assert not check({name: text})


@pytest.mark.parametrize("retired", words.REFUSED, ids=lambda word: word.text)
def test_each_word_has_a_replacement(retired: words.Retired) -> None:
    assert retired.instead
    assert not retired.pattern.search(retired.instead)


@pytest.mark.parametrize(("text", "status"), [(C, 0), ("\n", 1)])
def test_exit_status(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "bpf").mkdir()
    (tmp_path / "bpf/wire.h").write_text(text, encoding="utf-8")
    script = Path(__file__).with_name("house.py")
    done = subprocess.run([sys.executable, script, "--root", tmp_path], check=False)
    assert done.returncode == status
