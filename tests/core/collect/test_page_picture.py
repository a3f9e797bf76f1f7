"""What a page says about its pictures: tags, Open Graph, JSON-LD, and pages that are broken."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashion_match.core.collect.page_picture import Picture, largest, read_page
from fashion_match.core.collect.page_product import price_of, products


def addresses(html: str) -> list[str]:
    return [picture.address for picture in read_page(html).pictures]


def ld(document: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(document)}</script>'


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<img src=a.jpg>", ["a.jpg"]),
        ("<IMG SRC='a.jpg' />", ["a.jpg"]),
        ("<img src='a.jpg?x=1&amp;y=2'>", ["a.jpg?x=1&y=2"]),
        ("<img src=' a.\njpg '>", ["a.jpg"]),
        ("<img src=a.jpg srcset='b.jpg 320w, c.jpg 1280w, d.jpg 640w'>", ["c.jpg"]),
        ("<img src=a.jpg srcset='b.jpg, c.jpg 2x'>", ["c.jpg"]),
        ("<img src=a.jpg srcset='b,1.jpg 1x,c,2.jpg 3x'>", ["c,2.jpg"]),
        ("<img src=blank.gif data-src=a.jpg>", ["a.jpg"]),
        ("<img src='data:image/gif;base64,R0' data-srcset='a.jpg 100w, b.jpg 200w'>", ["b.jpg"]),
        ("<img srcset='data:image/gif;base64,R0 9x, a.jpg 1x'>", ["a.jpg"]),
        ("<picture><source srcset='a.webp 900w'><source srcset='b.webp 400w'><img src=c.jpg></picture>", ["a.webp"]),
        ("<picture><source srcset='a.webp 900w'><img src=c.jpg></picture><img src=d.jpg>", ["a.webp", "d.jpg"]),
        ("<video><source src=film.mp4></video>", []),
        ("<img src=a.jpg><img src=a.jpg>", ["a.jpg"]),
        ("<img><img src=''><img src>", []),
        ("<!-- <img src=a.jpg> --><img src=b.jpg>", ["b.jpg"]),
        ("<script>var x = '<img src=a.jpg>'</script>", []),
        ("<meta property=og:image content=a.jpg><meta name=twitter:image content=b.jpg>", ["a.jpg", "b.jpg"]),
        ("<img src=a.jpg><p><img src=b.jpg", ["a.jpg"]),
    ],
)
def test_addresses(html, found):
    assert addresses(html) == found


def test_what_is_passed_over_is_counted():
    page = read_page(
        "<img src=logo.svg><img src=a.ICO?v=2><img src='data:,x'><img src='blob:x'>"
        "<script type=application/ld+json>{</script>"
    )
    assert page.pictures == []
    assert page.skipped == {"broken JSON-LD": 1, "drawings": 2, "pictures within the page": 2}


def test_the_text_of_a_picture_is_its_name():
    assert read_page("<img src=a.jpg alt=' Wool  &amp; silk \x00hat '>").pictures == [
        Picture("a.jpg", attributes={"name": "Wool  & silk  hat"})
    ]


def test_open_graph():
    html = """<meta property="og:image" content="a.jpg"><meta property="og:title" content="Dress">
        <meta property="product:price:amount" content="49.90"><meta property="product:brand" content="Acme">
        <meta property="product:color" content="Red"><meta property="og:image" content="b.jpg">"""
    attributes = {"name": "Dress", "brand": "Acme", "color": "Red", "price": 49.9}
    assert read_page(html).pictures == [
        Picture("a.jpg", attributes=attributes),
        Picture("b.jpg", attributes=attributes),
    ]


PRODUCT = {
    "@context": "https://schema.org/",
    "@type": "Product",
    "name": " Silk\n Dress ",
    "sku": 4711,
    "color": ["Red", "Blue"],
    "category": {"@type": "CategoryCode", "name": "Dresses"},
    "brand": {"@type": "Brand", "name": "Acme"},
    "material": "Silk",
    "audience": {"suggestedGender": "female"},
    "image": ["a.jpg", {"@type": "ImageObject", "contentUrl": "b.jpg", "license": "CC-BY", "creator": {"name": "Eve"}}],
    "offers": {"@type": "AggregateOffer", "lowPrice": "49.90", "highPrice": "59.90"},
}
SAID = {
    "name": "Silk Dress",
    "color": "Red",
    "category": "Dresses",
    "brand": "Acme",
    "material": "Silk",
    "gender": "female",
    "license": "CC-BY",
    "creator": "Eve",
    "price": 49.9,
}


@pytest.mark.parametrize(
    "document",
    [
        PRODUCT,
        [PRODUCT],
        {"@graph": [{"@type": "WebPage", "image": "no.jpg"}, PRODUCT]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": PRODUCT}]},
        {**PRODUCT, "@type": ["Thing", "http://schema.org/Product"]},
    ],
)
def test_products(document):
    (product,) = products(json.dumps(document))
    assert (product.images, product.label, product.attributes) == (("a.jpg", "b.jpg"), "4711", SAID)


def test_variants_are_products_of_one_group():
    group = {
        "@type": "ProductGroup",
        "productGroupID": "G",
        "hasVariant": [
            {"@type": "Product", "inProductGroupWithID": "G", "sku": n, "image": f"{n}.jpg"} for n in range(2)
        ],
    }
    found = products(json.dumps(group))
    assert [(p.label, p.images) for p in found] == [("G", ()), ("G", ("0.jpg",)), ("G", ("1.jpg",))]


def test_of_one_address_the_product_says_most():
    head = '<meta property="og:image" content="a.jpg"><meta property="og:title" content="Shop">'
    html = f"{head}<img src=a.jpg alt=x>{ld(PRODUCT)}"
    first, second = read_page(html).pictures
    assert (first.address, first.label, first.attributes) == ("a.jpg", "4711", SAID)
    assert second.address == "b.jpg"
    html = f'<img src=a.jpg alt="Red hat">{ld({"@type": "Product", "image": "a.jpg", "color": "Red"})}'
    assert read_page(html).pictures == [Picture("a.jpg", attributes={"name": "Red hat", "color": "Red"})]


@pytest.mark.parametrize(
    ("html", "base"),
    [
        ("<base href=https://a.example/><link rel=canonical href=https://b.example/>", "https://a.example/"),
        ("<link rel='alternate canonical' href=https://b.example/>", "https://b.example/"),
        ("<p>", None),
    ],
)
def test_base(html, base):
    assert read_page(html).base == base


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (49.9, 49.9),
        (50, 50.0),
        ("49.90", 49.9),
        ("49,90", 49.9),
        ("49,5", 49.5),
        ("1.299,00 EUR", 1299.0),
        ("1,299.00", 1299.0),
        ("$1,299", 1299.0),
        ("1 299,95 €", 1299.95),
        ("USD 12", 12.0),
        ("free", None),
        ("", None),
        ("1.2.3", None),
        (True, None),
        (None, None),
        (-5, None),
        (float("inf"), None),
        ("9" * 400, None),
        ({"price": 1}, None),
    ],
)
def test_prices(value, price):
    assert price_of(value) == price


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "nope"])
def test_json_that_is_none(text):
    assert products(text) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("Product"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["@type", "image", "offers", "price", "brand", "name", "audience", "sku", "url", "@graph"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=25,
    )
)
def test_whatever_shape_the_products_have(document):
    for product in products(json.dumps({"@type": "Product", "image": document, "x": document})) or ():
        assert all(isinstance(image, str) for image in product.images)
        assert all(isinstance(value, (str, float)) for value in product.attributes.values())


@given(st.text(alphabet="<>/!-=\"' \nabimgsrcptd&;:[]{}?0x", max_size=200))
def test_whatever_the_page_is(html):
    read_page(html)
    largest(html)


@pytest.mark.parametrize(
    "piece", ["<!--", "<", "<a ", "<img src='", "<![CDATA[", "<script>", "&#", "</", "<?", "<img srcset='a ", "a"]
)
def test_no_page_takes_for_ever(piece):
    began = time.perf_counter()
    read_page(piece * (100_000 // len(piece)))
    read_page(f"<img srcset='{piece * (100_000 // len(piece))} b'>")
    assert time.perf_counter() - began < 1
