"""What a demo and a longer stay on one machine share: where their things lie, and the simulated city."""
