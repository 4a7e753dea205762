"""The benchmarks work: no test here judges a time."""
