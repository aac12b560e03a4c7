"""Tests of Valenti & Bacciu 2022: analyses, reports, claims, figures and the study through the pipeline."""
