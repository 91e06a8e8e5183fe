"""Names of the zones that ship, and on which side of the trench their upper plate lies.

``build.trenches`` takes them from here, and so do the live path and the service, which load no
tables.
"""

__all__ = ["LAND_TO_THE_RIGHT", "ZONE_NAMES", "zone_name"]

ZONE_NAMES = {
    "alu": "Alaska-Aleutians",
    "ant": "Lesser Antilles",
    "cam": "Central America",
    "cas": "Cascadia",
    "hel": "Hellenic",
    "izu": "Izu-Bonin-Mariana",
    "ker": "Tonga-Kermadec-Hikurangi",
    "kur": "Japan-Kuriles-Kamchatka",
    "mak": "Makran",
    "man": "Manila",
    "phi": "Philippine trench",
    "puy": "Puysegur",
    "ryu": "Ryukyu-Nankai",
    "sam": "South America",
    "sco": "South Sandwich",
    "sol": "New Britain-Solomon",
    "sul": "North Sulawesi",
    "sum": "Sumatra-Java",
    "van": "Vanuatu",
}
LAND_TO_THE_RIGHT = frozenset({"ant", "izu", "ker", "phi", "sco", "sul"})
"""Looking towards growing index; of all others, and of regions of your own, land is to the left."""


def zone_name(region: str) -> str:
    """Return a region's name with its code, or the code alone where no zone is called so.

    Examples
    --------
    >>> zone_name("sam"), zone_name("mine")
    ('South America (sam)', 'mine')
    """
    return f"{ZONE_NAMES[region]} ({region})" if region in ZONE_NAMES else region
