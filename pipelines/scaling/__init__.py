"""Scaling: score counts of the build database in, item parameters, scales and statistics of units out.

Glue between tables and `pipelines.psychometrics`: DuckDB is asked for counts (never for students by item),
the results are Parquet under ``lake/scales/TABLE/part.parquet``, which dbt reads as the source ``scales``.
"""
