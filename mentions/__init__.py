"""What is true of responses: rules without I/O, and the two stores that service and workers share."""
