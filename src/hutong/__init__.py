"""hutong 互通: a gateway that joins a city's platforms into common base datasets."""
