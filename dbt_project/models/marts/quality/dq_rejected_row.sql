-- Rows that were rejected, with every rule each of them broke: where the row stands and what to do.
{{ findings_of('error') }}
