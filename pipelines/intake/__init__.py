"""From files as sent to validated rows: vault, ledger, readers, validation, returned workbooks."""
