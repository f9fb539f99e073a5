"""AS2 (RFC 4130): signed and encrypted documents over HTTP, each answered by a receipt, the MDN."""
