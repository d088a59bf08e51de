"""`attnmt report`, by the installed command."""

from pathlib import Path


def test_a_page_about_a_training(trained: Path, attnmt, tmp_path: Path) -> None:
    run = trained / "runs/tiny"
    done = attnmt("report", "--run", run, "-o", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == "written: page.html\n"
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.count("<img ") == 1 + 3  # curves, and the attention of three samples
    for told in ("additive", "validation bleu", "tokenizer.vocab_size", "<td>400</td>"):
        assert told in text
    source = (trained / "corpus/valid.en").read_text("utf-8").split("\n")[0]
    assert source in text


def test_a_page_that_could_not_be_written_is_not_drawn(attnmt, tmp_path: Path) -> None:
    done = attnmt("report", "--run", "none", "-o", "none/page.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "none/page.html: cannot be written: there is no folder" in done.stderr


def test_what_is_no_run_leaves_no_page(trained: Path, attnmt, tmp_path: Path) -> None:
    runs = ("--run", trained / "runs/tiny", "--run", "none")
    done = attnmt("report", *runs, "-o", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--run: none is not a run folder: it has no config.yaml\n"
    assert not list(tmp_path.iterdir())
