"""What instruments in the street would have measured, worked out from the tracks alone.

All of it can be worked out again for any choice of the participants: so derived cities stay true to themselves.
"""
