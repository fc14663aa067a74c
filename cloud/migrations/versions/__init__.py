"""One file per change of the schema; a file is never edited once it is merged."""
