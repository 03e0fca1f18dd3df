"""The dictionary of everything declared, as pages that need no server and no network, in Chinese and in English."""

from hutong.dictionary.languages import lacking
from hutong.dictionary.site import Written, write

__all__ = ["Written", "lacking", "write"]
