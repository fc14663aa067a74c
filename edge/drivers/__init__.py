"""Device drivers, imported when a configuration names them."""
