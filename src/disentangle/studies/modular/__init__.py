"""Valenti & Bacciu 2022: codes in partitions, one a factor, and a learner that edits one factor at a time."""
