"""Tests of pipelines.psychometrics: published numbers, plain reference implementations, known truth."""
