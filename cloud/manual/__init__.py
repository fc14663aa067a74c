"""The manual slice of the cloud: what people enter for machines that no PLC speaks for."""
