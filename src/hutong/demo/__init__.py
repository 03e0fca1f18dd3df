"""The demo: four simulated platforms, synced through Airflow on this machine, and the report on what came of it."""
