"""Work that outlives a request: rows that commit with the data that caused them."""
