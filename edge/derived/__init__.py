"""Derived tags: values that the gateway computes from what its devices say."""
