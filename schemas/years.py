"""The school years that exist for the system: the partitions, and the limits of what a file may say."""

FIRST_YEAR, LAST_YEAR = 2012, 2036
