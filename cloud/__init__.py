"""The cloud service: stores points, derives facts, serves people."""
