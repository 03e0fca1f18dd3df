"""What a gateway made of the city, held against what the city's platforms showed.

Reads the gateway's tables as anybody may, and nothing of the gateway itself.
"""
