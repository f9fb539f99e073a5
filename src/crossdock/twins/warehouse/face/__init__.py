"""The reference warehouse API over the floor: requests to answers, without network."""
