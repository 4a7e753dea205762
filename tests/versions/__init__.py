"""What must hold on each supported Airflow version: ``make test-short`` runs it on the older ones."""
