"""Tests of Kahana & Hoshen 2022: analyses, reports, claims and the study through the pipeline."""
