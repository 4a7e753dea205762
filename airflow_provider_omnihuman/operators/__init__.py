"""Airflow operators: parameters in, one conversation out."""
