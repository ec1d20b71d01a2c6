"""School years: the one partition of everything that is kept by file."""

from __future__ import annotations

import dagster as dg

from schemas.years import FIRST_YEAR, LAST_YEAR

#: Keys are ending years: 2020/21 is «2021». Year 0 never lands, it only gives empty tables their place.
SCHOOL_YEARS = dg.StaticPartitionsDefinition([str(y) for y in range(FIRST_YEAR, LAST_YEAR + 1)])

#: Tags that make one run cover a range of years.
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def range_tags(years: list[int] | None = None) -> dict[str, str]:
    """Run tags for the years from the first to the last given; for all years without any."""
    first, last = (min(years), max(years)) if years else (FIRST_YEAR, LAST_YEAR)
    return {RANGE_START: str(first), RANGE_END: str(last)}
