"""Traced calls: ops, their context, and what is kept of them.

Nothing in here raises into the user's program once an op is made; see `guard`.
"""
