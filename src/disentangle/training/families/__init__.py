"""How the cells of a family of methods are trained and encoded, one family a file."""
