"""What a record means: raw record -> rows of base datasets, one at a time. The definition of right for faster ways."""

from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.stage import Plan, compile_source, normalise, pseudonymiser

__all__ = ["Plan", "Pseudonymiser", "compile_source", "normalise", "pseudonymiser"]
