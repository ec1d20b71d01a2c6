-- Remarks on rows that were accepted: a cell emptied, a sum that differs, a part above its whole.
{{ findings_of('warning') }}
