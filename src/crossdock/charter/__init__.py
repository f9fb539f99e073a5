"""Who owns what, who gets what, by when: the integration charter, loaded and checked."""
