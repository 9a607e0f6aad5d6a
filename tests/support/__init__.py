"""What tests stand on: real servers, real processes, a real browser, and waiting on conditions."""
