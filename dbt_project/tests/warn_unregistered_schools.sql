{{ config(severity='warn') }}
-- What: each school code in the files is known to the register.
-- When it matters: placeholders count in the region, but have no locality and perhaps no municipality.
-- How to fix: complete the register, or correct the code in the file; dq_unregistered_school lists them.
select school_key, school_code, placeholder_reason, contracts, rows_n
from {{ ref('dq_unregistered_school') }}
