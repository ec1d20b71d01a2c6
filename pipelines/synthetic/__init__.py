"""The sample region: a synthetic inbox in the real layouts, known truth, planted faults, any size."""

from pipelines.synthetic.write import RegionSummary, write_region

__all__ = ["RegionSummary", "write_region"]
