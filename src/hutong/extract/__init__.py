"""Extract: one stream of one platform over HTTP, answer by answer."""
