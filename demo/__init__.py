"""What `make demo` runs: real systems beside the hub, and the scripts that fill them."""
