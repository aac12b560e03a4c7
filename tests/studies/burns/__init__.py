"""Tests of Burns et al. 2021: tables, figures, claims and diagnoses."""
