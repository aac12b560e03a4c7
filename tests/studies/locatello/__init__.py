"""Tests of Locatello et al. 2019: analyses, reports, claims and the study through the pipeline."""
