"""A hub between warehouse systems and the systems they must agree with."""
