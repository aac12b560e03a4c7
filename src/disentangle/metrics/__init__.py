"""What is measured on codes without training anything, one metric a file."""
