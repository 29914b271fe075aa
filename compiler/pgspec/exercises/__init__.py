"""What shows on a live server that what the specs ask for does what it says, one module a kind of it."""
