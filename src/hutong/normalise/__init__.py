"""What a record means: raw record -> rows of base datasets."""

from hutong.normalise.plan import Plan, compile_source, pseudonymiser
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reference import normalise_records
from hutong.normalise.stage import normalise

__all__ = ["Plan", "Pseudonymiser", "compile_source", "normalise", "normalise_records", "pseudonymiser"]
