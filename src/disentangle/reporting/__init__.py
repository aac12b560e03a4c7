"""What reports share: results as data, intervals over seeds, the accuracy table, the setting."""
