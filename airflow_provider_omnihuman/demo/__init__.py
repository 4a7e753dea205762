"""The command behind ``make demo``: a real Airflow, an S3 and the emulator, started and stopped cleanly."""
