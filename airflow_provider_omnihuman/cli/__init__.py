"""The commands ``omnihuman …`` and, from Airflow 3.2, ``airflow omnihuman …``: one definition serves both."""
