"""Ledgers (台账): a county's workbook in, checked records and findings with their cell out."""
