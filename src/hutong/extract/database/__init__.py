"""A front-end database 前置库: how it is entered, what it holds, and how its rows are written down."""
