"""Reports on Locatello et al. 2019, one a key result, the theorem and the claims."""
