"""Generated text is the same each time, and as long as was asked for."""

from memory_bench import text


def test_lines_have_4_to_16_words_and_are_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_CHUNK", 30)
    for name in ("a", "b"):
        text.write_pairs(tmp_path / f"{name}.en", tmp_path / f"{name}.de", 70)
    lines = (tmp_path / "a.en").read_text().splitlines()
    assert len(lines) == 70 and len(set(lines)) > 65
    assert {len(line.split()) for line in lines} == set(range(4, 17))
    assert (tmp_path / "a.en").read_bytes() == (tmp_path / "b.en").read_bytes()
    assert (tmp_path / "a.de").read_bytes() != (tmp_path / "a.en").read_bytes()
