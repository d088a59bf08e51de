import base64
import hashlib
import json
import re

import pytest

from attnmt.analysis.viewer.page import page

HOSTILE = "</script><!--<script>\u2028\u2029&amp; $style ${data} \\"


@pytest.fixture(scope="module")
def html() -> str:
    return page({"texts": [HOSTILE]})


def element(html: str, name: str) -> list[str]:
    return re.findall(rf"<{name}\b[^>]*>(.*?)</{name}>", html, flags=re.S)


def test_the_data_comes_back_and_ends_no_element(html):
    data, script = element(html, "script")
    assert json.loads(data) == {"texts": [HOSTILE]}
    assert not set("<>&\u2028\u2029") & set(data)
    assert "<!--" not in script


def test_the_policy_admits_this_script_and_style_and_nothing_else(html):
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    _, script = element(html, "script")
    (style,) = element(html, "style")
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (script, style)
    ]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; "
        f"style-src 'sha256-{hashes[1]}'; img-src data:"
    )
    assert html.index("Content-Security-Policy") < html.index("<style")


def test_nothing_is_loaded_or_evaluated(html):
    _, script = element(html, "script")
    assert not re.search(r"https?:", html)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval|Function\(|fetch"
        r"|XMLHttp|import\(|\.src\b",
        script,
    )
    assert not re.search(r"url\(|@import", *element(html, "style"))
    assert not re.search(r"\son\w+=|\sstyle=|\ssrc=", html.split("<script")[0])
