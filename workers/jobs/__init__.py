"""What a worker does, one module per kind of job."""
