"""Side by side with the bare work and with peers; prints ratios, writes ``latest.json``."""
