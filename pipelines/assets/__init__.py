"""The assets, one stage of the flow a module; each is a thin wrapper around a stage's functions."""
