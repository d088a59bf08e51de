"""A dump as one page for the browser, which needs no network.

payload.py   what the page holds: words, pieces, weights, figures, gold links
page.py      the page around it
viewer.html, viewer.css, script/   what is the same in every page
"""
