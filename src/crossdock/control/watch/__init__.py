"""What goes on besides documents: silence, service levels, alerts, the beat and traces."""
