"""What crosses the wire between edge and cloud; imports nothing of ours."""
