"""The programme steps between the parts of the warehouse: build database → Parquet under lake/programme."""
