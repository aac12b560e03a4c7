"""Locatello et al. 2019: analyses of a study of many trained models, as functions of tables."""
