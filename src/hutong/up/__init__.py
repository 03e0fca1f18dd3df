"""`hutong up`: Airflow and the simulated city on this machine, in the background, for as long as they are wanted."""
