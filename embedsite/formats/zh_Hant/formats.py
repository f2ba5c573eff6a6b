"""Numbers as in Taiwan: 12,345. Django's own file groups by four and with nothing between."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
