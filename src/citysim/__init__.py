"""The simulated city and its four platforms. Shares no code with hutong, on purpose."""
