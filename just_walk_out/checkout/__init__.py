"""Gate crossings, settlement, charges and the ledger."""
