"""Each platform's picture of the city: pure functions of the truth, a seed and a date.

A view gives the records as that platform shows them, with its noise and its planted faults, and `truth_of` says
where each record came from. Nothing here knows HTTP.
"""
