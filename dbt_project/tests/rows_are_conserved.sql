-- What: rows read = rows accepted + rows rejected, for each file, sheet and contract.
-- When it matters: always; a row that is neither was lost on the way.
-- How to fix: a fault of the intake, not of the sender; look at the reading of the file that is printed.
select file_name, sheet, contract, rows_read, rows_accepted, rows_rejected
from {{ ref('dq_submission') }}
where rows_read <> rows_accepted + rows_rejected
