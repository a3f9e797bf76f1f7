from __future__ import annotations

import json

import pytest

from fashion_match import UsageError
from fashion_match.plugins.recommenders.outfits.slot import load_slots, plain

PRODUCTS = {
    "top": "Tshirts,Shirts,Tops,Kurtas,Sweaters,Sweatshirts,Kurtis,Tunics",
    "bottom": "Trousers,Jeans,Shorts,Track Pants,Skirts,Capris,Leggings,Churidar,Jeggings,Salwar,Patiala,Rain Trousers",
    "whole": "Dresses,Tracksuits,Kurta Sets,Jumpsuit,Rompers,Sarees,Nightdress" + ",",
    "outer": "Jackets,Waistcoat,Shrug,Blazers,Nehru Jackets,Rain Jacket",
    "shoes": "Casual Shoes,Sports Shoes,Heels,Sandals,Flip Flops,Formal Shoes,Flats,Sports Sandals",
    "bag": "Handbags,Backpacks,Clutches,Laptop Bag,Duffel Bag,Messenger Bag,Waist Pouch,Rucksacks,Trolley Bag",
    "watch": "Watches",
    "eyewear": "Sunglasses",
    "belt": "Belts,Suspenders",
    "headwear": "Caps,Hat,Headband",
    "scarf": "Mufflers,Scarves,Dupatta,Stoles",
    "tie": "Ties,Cufflinks,Ties and Cufflinks",
    "jewellery": "Necklace and Chains,Bracelet,Ring,Earrings,Pendant,Bangle",
    "gloves": "Gloves",
    "socks": "Socks,Stockings,Tights",
    "wallet": "Wallets,Mobile Pouch,Travel Accessory",
    "innerwear": "Briefs,Innerwear Vests,Trunk,Bra,Boxers,Camisoles" + ",",
    "nightwear": "Lounge Shorts,Lounge Pants,Night suits,Lounge Tshirts,Bath Robe",
    "fragrance": "Perfume and Body Mist,Deodorant,Fragrance Gift Set",
    "other": "Accessory Gift Set,Umbrellas,Shoe Accessories,Free Gifts,Footballs,Water Bottle",
}
"""Article types of *Fashion Product Images*."""
PRODUCTS["whole"] = PRODUCTS["whole"].replace(",Nightdress,", "")
PRODUCTS["innerwear"] = PRODUCTS["innerwear"].replace(",Camisoles,", "")


@pytest.mark.parametrize(("slot", "categories"), PRODUCTS.items())
def test_every_article_type_has_its_slot(slot, categories):
    slots = load_slots(None, {})
    assert {category: slots.slot_of(category) for category in categories.split(",")} == dict.fromkeys(
        categories.split(","), slot
    )


@pytest.mark.parametrize(
    ("category", "slot"),
    [
        ("Shirt", "top"),
        ("skirt", "bottom"),
        ("T-Shirt", "top"),
        ("t shirts", "top"),
        ("DRESS", "whole"),
        ("Women's Linen Shirts", "top"),
        ("pants", "bottom"),
        ("longsleeve", "top"),
        ("outwear", "outer"),
        ("hat", "headwear"),
        ("Running Shoes", "shoes"),
        ("Shirt Dress", "whole"),
        ("Fooz", None),
        ("", None),
    ],
)
def test_simple_and_longer_names(category, slot):
    assert load_slots(None, {}).slot_of(category) == slot


def test_a_dress_fills_top_and_bottom():
    slots = load_slots(None, {})
    assert {"top", "bottom", "whole"} <= slots.covered(["whole"])
    assert slots.covered(["shoes"]) == {"shoes"}


def test_a_file_and_single_categories_are_laid_over(tmp_path):
    toml = tmp_path / "slots.toml"
    toml.write_text('[slots]\nshield = ["Umbrella"]\ntop = ["Waistcoat"]\n[fills]\nshield = ["bag"]\n')
    as_json = tmp_path / "slots.json"
    as_json.write_text(
        json.dumps({"slots": {"shield": ["Umbrella"], "top": ["Waistcoat"]}, "fills": {"shield": ["bag"]}})
    )
    for file in (toml, as_json):
        slots = load_slots(file, {"Poncho": "shield"})
        assert [slots.slot_of(c) for c in ("Umbrellas", "waistcoat", "Ponchos", "Jeans")] == [
            "shield",
            "top",
            "shield",
            "bottom",
        ]
        assert slots.covered(["shield"]) == {"shield", "bag"}


@pytest.mark.parametrize(
    "text",
    ["no toml", "[slots]\ntop = 3\n", "x = 1\n", '[slots]\ntop = ["A"]\n[fill]\n', '[slots]\n[fills]\nwhole = "top"\n'],
)
def test_a_file_that_is_no_table_is_told(tmp_path, text):
    (tmp_path / "slots.toml").write_text(text)
    with pytest.raises(UsageError, match="slots"):
        load_slots(tmp_path / "slots.toml", {})


def test_other_mistakes_are_told(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        load_slots(tmp_path / "missing.toml", {})
    with pytest.raises(UsageError, match="no slot 'feet'"):
        load_slots(None, {"Poncho": "feet"})


def test_plain_forms():
    assert plain("T-Shirts") == plain("Tshirt") == "tshirt"
    assert plain("Scarves") == plain("Scarf")
    assert plain("Dresses") == plain("dress")
    assert plain("Watches") == plain("Watch")
    assert plain("Accessories") == plain("Accessory")
