"""History: the stored values of every signal, for people's charts and other programs."""
