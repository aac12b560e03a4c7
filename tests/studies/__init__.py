"""Tests of what belongs to one paper: a folder a study, collected where the study is there."""
