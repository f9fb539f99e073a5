"""A stranger's harness: it drives the product by its outside contract alone."""
