"""The four platforms as HTTP services, each a stranger with its own dialect."""

from citysim.services.process import CityDidNotStart, RunningCity, running, running_cities

__all__ = ["CityDidNotStart", "RunningCity", "running", "running_cities"]
