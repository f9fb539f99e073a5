"""A first load: what a site knows already, taken in from files, checked row by row before it is handed in."""
