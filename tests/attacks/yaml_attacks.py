"""YAML made to run code, to be read in two ways, or never to end."""

_LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(40)
)
_EVIL = "seed: !!python/object/apply:os.system ['touch canary']\n"

TEXTS: dict[str, bytes] = {
    name: text.encode()
    for name, text in {
        "that_calls": _EVIL,
        "with_a_tag": "seed: !!python/name:os.system\n",
        "of_many_laughs": _LAUGHS,
        "that_holds_itself": "seed: &a [*a]\n",
        "with_a_merge": "data: &d {source_lang: en}\nmodel: {<<: *d}\n",
        "with_a_key_twice": "seed: 1\nseed: 2\n",
        "of_one_hundred_mb": "#" * 100_000_000,
        "nested_without_end": "a: " + "[" * 100_000,
        "of_too_many_values": f"a: [{'1,' * 50_000}1]",
        "of_many_lines": "".join(f"k{n}: {n}\n" for n in range(11_000)),
        "with_digits_without_end": "seed: " + "9" * 100_000,
        "of_two_documents": "seed: 1\n---\nseed: 2\n",
        "with_an_escape": "\x1b[2Jseed: 1\n",
    }.items()
}
