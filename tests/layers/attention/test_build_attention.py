"""A mechanism is named in the configuration, by a short name or an import path."""

import sys
from pathlib import Path

import pytest

from attnmt.config import schema
from attnmt.errors import ConfigError
from attnmt.layers.attention import (
    AdditiveAttention,
    Attention,
    DotAttention,
    GeneralAttention,
    ScaledDotAttention,
    build_attention,
)


def build(kind: str, **options: object) -> Attention:
    config = schema.Attention.model_validate({"type": kind, **options})
    return build_attention(config, query_depth=7)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("additive", AdditiveAttention),
        ("dot", DotAttention),
        ("scaled_dot", ScaledDotAttention),
        ("general", GeneralAttention),
        ("multiplicative", GeneralAttention),
    ],
)
def test_short_names_name_the_built_in_mechanisms(kind, expected):
    attention = build(kind)
    assert type(attention) is expected
    assert attention.units == 7  # the query's depth, unless told otherwise
    assert build(kind, units=4).units == 4


@pytest.fixture
def user_folder(tmp_path, monkeypatch) -> Path:
    """A working directory with a user's module, which is not on sys.path."""
    (tmp_path / "users_attention.py").write_text(
        "from attnmt.layers.attention import AdditiveAttention\n"
        "class Sharp(AdditiveAttention):\n"
        "    def __init__(self, units, sharpness=1.0):\n"
        "        super().__init__(units)\n"
        "        self.sharpness = sharpness\n"
        "class Other: pass\n"
        "function = print\n"
    )
    (tmp_path / "users_broken.py").write_text("import no_such_module\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    monkeypatch.delitem(sys.modules, "users_attention", raising=False)
    return tmp_path


def test_an_import_path_names_a_users_class_with_its_options(user_folder):
    attention = build("users_attention:Sharp", sharpness=3.0)
    assert type(attention).__name__ == "Sharp"
    assert (attention.units, attention.sharpness) == (7, 3.0)  # type: ignore


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("aditive", "expected one of additive, .* dot, .* found 'aditive'"),
        ("no_such_file:Sharp", "cannot import 'no_such_file:Sharp'"),
        ("users_attention:Blunt", "no attribute 'Blunt'"),
        ("users_attention:Other", "to be a subclass of"),
        ("users_attention:function", "to be a subclass of"),
        ("users_broken:Sharp", "no_such_module"),
    ],
)
def test_what_cannot_be_imported_is_a_configuration_error(user_folder, kind, expected):
    with pytest.raises(ConfigError, match=expected) as caught:
        build(kind)
    assert str(caught.value).startswith("model.attention")


@pytest.mark.parametrize("kind", ["dot", "users_attention:Sharp"])
def test_an_unknown_option_is_named_beside_the_known_ones(user_folder, kind):
    with pytest.raises(ConfigError, match="'colour'; its options are: units"):
        build(kind, colour=3)


def test_a_mechanism_is_not_named_by_the_name_of_a_layer():
    with pytest.raises(ConfigError, match=r"^model.attention.name: .* 'general'$"):
        build("additive", name="general")


def test_a_coverage_may_be_none():
    with pytest.raises(ConfigError, match="one of count, fertility, gated, none or"):
        build("additive", coverage="nnoe")


@pytest.mark.parametrize("kind", ["dot", "scaled_dot"])
def test_depths_that_do_not_fit_are_a_configuration_error(make_case, kind):
    case = make_case(kind)
    with pytest.raises(ConfigError, match="found queries of 5 and keys of 7"):
        case.read(query=case.query[..., :5])


def test_general_attention_wants_units_as_deep_as_the_query(make_case):
    with pytest.raises(
        ConfigError, match="queries of 7 and keys of 3: leave out units"
    ):
        make_case("general", units=3)


@pytest.mark.parametrize("kind", ["monotonic", "linear", "performer"])
@pytest.mark.parametrize("option", [{"normaliser": "sparsemax"}, {"temperature": 2.0}])
def test_a_mechanism_without_a_normaliser_refuses_one(kind, option):
    with pytest.raises(ConfigError, match=f"model.attention: {kind} makes its weights"):
        build(kind, **option)
    assert build("mocha", **option).normalises


@pytest.mark.parametrize("units", [0, -3, "256", 256.0, True])
def test_units_are_a_whole_number(units: object) -> None:
    config = schema.Attention.model_validate({"type": "additive", "units": units})
    with pytest.raises(ConfigError, match=r"model\.attention\.units: expected a whole"):
        build_attention(config, 8)
