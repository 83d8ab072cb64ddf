"""What was done, by whom, when: written in the transaction of the deed."""
