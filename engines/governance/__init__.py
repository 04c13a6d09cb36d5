"""Governance: who approved exactly what, and the gate that every use of a model passes."""
