"""What X12 and EDIFACT have in common: findings, grammars as data, and the walk of a document along one."""
