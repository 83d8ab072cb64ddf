"""The families that are helped, their members and needs."""
