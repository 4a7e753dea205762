"""Extra links: the buttons on a task's page in the Airflow UI."""
