"""A run learns a shortlist and translates with it, by the installed command."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
TEXT = "My aunts go to the town hall.\n\nShe washed the old red shirt.\n"


def test_a_shortlist_is_learnt_used_and_checked(work: Path, attnmt) -> None:
    translate = ("translate", "-", "--run", "runs/tiny")
    done = attnmt(*translate, "--shortlist", 5, cwd=work, text=TEXT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "attnmt shortlist --run runs/tiny" in done.stderr

    done = attnmt("shortlist", "--run", "runs/tiny", cwd=work)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("\nwritten: runs/tiny/shortlist\n")

    plain = attnmt(*translate, cwd=work, text=TEXT)
    none = attnmt(*translate, "--shortlist", 0, cwd=work, text=TEXT)
    # Of so few pieces all are frequent ones.
    done = attnmt(*translate, "--shortlist", 100, cwd=work, text=TEXT)
    assert done.returncode == 0, done.stderr
    assert none.stdout == plain.stdout
    assert done.stdout == plain.stdout

    done = attnmt("verify", "runs/tiny", cwd=work)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok       runs/tiny/shortlist\n" in done.stdout


def test_an_export_searches_among_the_shortlist_of_its_run(work: Path, attnmt) -> None:
    assert attnmt("export", "--run", "runs/tiny", cwd=work).returncode == 0
    alone = "runs/tiny/export/litert-float32"
    done = attnmt(*("translate", "--shortlist", 3, "--run", alone), cwd=work, text=TEXT)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"expected {alone}/shortlist, which an export copies" in done.stderr

    attnmt("shortlist", "--run", "runs/tiny", cwd=work)
    done = attnmt("export", "--run", "runs/tiny", cwd=work)
    assert done.returncode == 0, done.stderr
    translate = ("translate", "-", "--shortlist", 3, "--run")
    plain = attnmt(
        *translate, "runs/tiny", "--engine", "tensorflow", cwd=work, text=TEXT
    )
    done = attnmt(*translate, "runs/tiny", cwd=work, text=TEXT)
    assert "engine: litert" in done.stderr
    assert (done.returncode, done.stdout) == (0, plain.stdout)

    done = attnmt(*translate, alone, cwd=work, text=TEXT)
    assert (done.returncode, done.stdout) == (0, plain.stdout)

    config = work / "runs/tiny/config.yaml"
    text = config.read_text("utf-8").replace("shortlist: 0", "shortlist: 3")
    config.write_text(text, "utf-8")
    assert attnmt("export", "--run", "runs/tiny", cwd=work).returncode == 0
    done = attnmt("translate", "-", "--run", alone, cwd=work, text=TEXT)
    assert (done.returncode, done.stdout) == (0, plain.stdout)

    done = attnmt("shortlist", "--run", alone, cwd=work)
    assert done.returncode == 2 and "expected the run itself" in done.stderr
    table = work / "runs/tiny/shortlist/table.safetensors"
    table.write_bytes(table.read_bytes()[:-1])
    done = attnmt(*translate, "runs/tiny", cwd=work, text=TEXT)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("runs/tiny/shortlist/table.safetensors: ")
    assert "passed over" not in done.stderr
