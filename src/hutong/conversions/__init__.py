"""What a line of a mapping does and what a row rule asks, in the words of both languages: for whoever traces a row or
reads the dictionary.
"""

from hutong.conversions.bounds import RULE_KINDS, bounds_of
from hutong.conversions.crs import system_words
from hutong.conversions.engine import BY_HUTONG
from hutong.conversions.repairs import repair_words
from hutong.conversions.rules import Conversion, chosen_by, conversion_of, filled_by

__all__ = [
    "BY_HUTONG",
    "RULE_KINDS",
    "Conversion",
    "bounds_of",
    "chosen_by",
    "conversion_of",
    "filled_by",
    "repair_words",
    "system_words",
]
