"""Airflow at the rim: what its tasks call, how its DAGs are declared, and how it runs on one machine."""
